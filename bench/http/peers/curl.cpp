// SPDX-License-Identifier: MIT
//
// libcurl's multi interface over epoll, as its documentation recommends for many transfers.
#include "../orders.hpp"

#include <array>
#include <curl/curl.h>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

namespace {

std::size_t keep(char* data, std::size_t, std::size_t size, void* into)
{
    static_cast<std::string*>(into)->append(data, size);
    return size;
}

class fetching {
public:
    explicit fetching(const bench::orders& order)
        : left_(order.count), url_("http://127.0.0.1:" + std::to_string(order.port) + "/"),
          transfers_(static_cast<std::size_t>(order.concurrency))
    {
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(order.concurrency));
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &watch);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &set_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        for (transfer& each : transfers_) {
            each.easy = curl_easy_init();
            curl_easy_setopt(each.easy, CURLOPT_URL, url_.c_str());
            curl_easy_setopt(each.easy, CURLOPT_WRITEFUNCTION, &keep);
            curl_easy_setopt(each.easy, CURLOPT_WRITEDATA, &each.body);
            curl_easy_setopt(each.easy, CURLOPT_PRIVATE, &each);
            curl_easy_setopt(each.easy, CURLOPT_TIMEOUT, 30L);
            start(each);
        }
    }
    fetching(const fetching&) = delete;
    fetching& operator=(const fetching&) = delete;
    ~fetching()
    {
        for (const transfer& each : transfers_)
            curl_easy_cleanup(each.easy);
        curl_multi_cleanup(multi_);
        ::close(poll_);
    }

    void run()
    {
        std::array<epoll_event, 128> events{};
        int running = 0;
        while (in_flight_ > 0) {
            const int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), timeout_ms_);
            if (ready == 0) {
                timeout_ms_ = -1;
                curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
            }
            for (int i = 0; i < ready; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                const int what = (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                 (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                 (event.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
                curl_multi_socket_action(multi_, event.data.fd, what, &running);
            }
            finish_ended();
        }
    }

private:
    struct transfer {
        CURL* easy = nullptr;
        std::string body;
    };

    void start(transfer& each)
    {
        if (left_ == 0)
            return;
        --left_;
        ++in_flight_;
        each.body.clear();
        curl_multi_add_handle(multi_, each.easy);
    }

    void finish_ended()
    {
        int more = 0;
        while (const CURLMsg* const message = curl_multi_info_read(multi_, &more)) {
            transfer* ended = nullptr;
            long status = 0;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
            curl_easy_getinfo(ended->easy, CURLINFO_RESPONSE_CODE, &status);
            if (message->data.result != CURLE_OK || status != 200)
                bench::orders::fail("a transfer failed");
            curl_multi_remove_handle(multi_, ended->easy);
            --in_flight_;
            start(*ended);
        }
    }

    static int watch(CURL*, curl_socket_t fd, int what, void* self, void* known)
    {
        auto& of = *static_cast<fetching*>(self);
        if (what == CURL_POLL_REMOVE) {
            ::epoll_ctl(of.poll_, EPOLL_CTL_DEL, fd, nullptr);
            return 0;
        }
        epoll_event event{.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u),
                          .data = {.fd = fd}};
        ::epoll_ctl(of.poll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
        curl_multi_assign(of.multi_, fd, self);
        return 0;
    }

    static int set_timer(CURLM*, long ms, void* self)
    {
        static_cast<fetching*>(self)->timeout_ms_ = static_cast<int>(ms);
        return 0;
    }

    int left_;
    int in_flight_ = 0;
    int timeout_ms_ = -1;
    std::string url_;
    CURLM* multi_ = curl_multi_init();
    int poll_ = ::epoll_create1(0);
    std::vector<transfer> transfers_;
};

} // namespace

int main(int argc, char** argv)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bench::orders orders(argc, argv);
    while (orders.next()) {
        fetching all(orders);
        all.run();
        orders.done();
    }
}
