// SPDX-License-Identifier: MIT
//
// net/http's client, on one processor: go_client PORT
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func cpu() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func get(client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 {
		log.Fatal(response.Status, err)
	}
}

func getAll(transport *http.Transport, url string, concurrency int, count int) {
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	orders := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		orders <- struct{}{}
	}
	close(orders)
	var running sync.WaitGroup
	for i := 0; i < concurrency; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for range orders {
				get(client, url)
			}
		}()
	}
	running.Wait()
}

func main() {
	runtime.GOMAXPROCS(1)
	url := "http://127.0.0.1:" + os.Args[1] + "/"
	var concurrency, count int
	for {
		if n, _ := fmt.Scan(&concurrency, &count); n != 2 {
			return
		}
		cpuBefore, before := cpu(), time.Now()
		transport := &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency}
		getAll(transport, url, concurrency, count)
		wall, used := time.Since(before), cpu()-cpuBefore
		transport.CloseIdleConnections()
		fmt.Println(float64(used.Nanoseconds())/1e3, float64(wall.Nanoseconds())/1e3)
	}
}
