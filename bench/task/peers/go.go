// SPDX-License-Identifier: MIT
//
// The figures of area task with goroutines. All but cross_post run on one thread (GOMAXPROCS=1), as a loop does, which
// is also where Go is fastest at them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func timed(body func()) float64 {
	start := time.Now()
	body()
	return float64(time.Since(start).Nanoseconds())
}

func spawnAwait(n int) float64 {
	return timed(func() {
		for i := 0; i < n; i++ {
			result := make(chan int, 1)
			go func() { result <- 1 }()
			<-result
		}
	})
}

func yield(n int) float64 {
	return timed(func() {
		for i := 0; i < n; i++ {
			runtime.Gosched()
		}
	})
}

func gather(n int) float64 {
	return timed(func() {
		var all sync.WaitGroup
		all.Add(n)
		for i := 0; i < n; i++ {
			go all.Done()
		}
		all.Wait()
	})
}

// Go has no loop to post to: a goroutine that takes functions from a channel stands for it.
func crossPost(n int) float64 {
	runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(1)
	return timed(func() {
		posted := make(chan func(), 1024)
		go func() {
			sum := 0
			for i := 0; i < n; i++ {
				posted <- func() { sum++ }
			}
			close(posted)
		}()
		for callback := range posted {
			callback()
		}
	})
}

func timerAddCancel(n int) float64 {
	timers := make([]*time.Timer, 1000)
	return timed(func() {
		for done := 0; done < n; done += len(timers) {
			for i := range timers {
				timers[i] = time.AfterFunc(30*time.Second, func() {})
			}
			for _, timer := range timers {
				timer.Stop()
			}
		}
	})
}

func timerFire(n int) float64 {
	var all sync.WaitGroup
	all.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		time.AfterFunc(time.Until(start.Add(10*time.Millisecond+time.Duration(i*7919%10_000_000))), all.Done)
	}
	for time.Since(start) < 20*time.Millisecond { // busy, so that the scheduler runs none of them before
	}
	return timed(all.Wait)
}

func pass(n, capacity int) float64 {
	return timed(func() {
		items := make(chan int, capacity)
		go func() {
			for i := 0; i < n; i++ {
				items <- i
			}
		}()
		for i := 0; i < n; i++ {
			<-items
		}
	})
}

func mutex(n int) float64 {
	var m sync.Mutex
	return timed(func() {
		for i := 0; i < n; i++ {
			m.Lock()
			m.Unlock()
		}
	})
}

func residentBytes() float64 {
	runtime.GC()
	var size, resident float64
	text, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(text), &size, &resident)
	return resident * 4096
}

func taskBytes(n int) float64 {
	before := residentBytes()
	for i := 0; i < n; i++ {
		go time.Sleep(time.Hour)
	}
	runtime.Gosched()
	return residentBytes() - before
}

func main() {
	runtime.GOMAXPROCS(1)
	quick, asked := false, map[string]bool{}
	for _, argument := range os.Args[1:] {
		if argument == "--quick" {
			quick = true
		} else {
			asked[argument] = true
		}
	}
	figure := func(name string, count int, measure func(int) float64) {
		if len(asked) > 0 && !asked[name] {
			return
		}
		if quick {
			count /= 10
		}
		measure(count / 10)
		fmt.Printf("%s %.6g\n", name, measure(count)/float64(count))
	}
	figure("spawn_await", 1_000_000, spawnAwait)
	figure("yield", 1_000_000, yield)
	figure("gather_each", 100_000, gather)
	figure("cross_post", 1_000_000, crossPost)
	figure("timer_add_cancel", 1_000_000, timerAddCancel)
	figure("timer_fire", 100_000, timerFire)
	figure("queue_pass", 1_000_000, func(n int) float64 { return pass(n, 16) })
	figure("channel_pass", 1_000_000, func(n int) float64 { return pass(n, 0) })
	figure("mutex_uncontended", 10_000_000, mutex)
	figure("task_bytes", 1_000_000, taskBytes)
}
