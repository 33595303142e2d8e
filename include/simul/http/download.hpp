// SPDX-License-Identifier: MIT
//
// download: an answer whose body is read as it comes.
//
//     auto film = co_await web.open("GET", "https://example.org/film");
//     film.raise_for_status();
//     co_await film.save_to("film.mp4");
//
//     auto log = co_await web.open("GET", "https://example.org/log");
//     for (auto piece = co_await log.read_some(); !piece.empty(); piece = co_await log.read_some())
//         fmt::print("{}", piece);
//
// Bounded: a server that sends faster than this is read has to wait. A body that breaks off is an `answer_error`, not an
// end. When all was read, the connection goes back to its client at once; `close`, or the destructor, gives it up before.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/response.hpp>
#include <simul/task/async_generator.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http {

namespace detail {
class transfer;
}

class [[nodiscard("dropped at once, it breaks off: keep it in a variable")]] download {
public:
    static constexpr std::size_t default_limit = std::size_t{64} << 20;
    static constexpr std::size_t longest_line = std::size_t{1} << 20;

    /// None.
    download() noexcept;
    explicit download(std::unique_ptr<detail::transfer> of) noexcept;
    download(download&& other) noexcept;
    download& operator=(download&& other) noexcept;
    ~download();

    // ---- the head

    int status() const noexcept;
    std::string_view reason() const noexcept;
    /// Less than 400.
    bool ok() const noexcept { return status() < 400; }
    const http::headers& headers() const noexcept;
    /// Whose answer it is, after all redirects.
    std::string url() const;
    const std::vector<hop>& history() const noexcept;
    /// How many bytes will come, if the server said so; of a body that is decoded, before that.
    std::optional<std::uint64_t> size() const noexcept;
    /// The download itself. *Throws:* `status_error` when it is not `ok`.
    download& raise_for_status() &;

    // ---- the body. All *throw* `answer_error`, `request_timeout`; `closed_error` after `close`.

    /// What has come, at most `most`; waits for it. Empty: the end. *Cancel:* nothing is lost.
    task<bytes> read_some(std::size_t most = 64 * 1024);
    /// The rest. *Throws:* `limit_exceeded` when there is more than `limit`.
    task<bytes> read_all(std::size_t limit = default_limit);
    /// `while (auto piece = co_await pieces.next())`, while the download lives.
    async_generator<bytes> pieces();
    /// A line without its "\n" or "\r\n"; also the last one, which may have none. Empty optional: the end.
    /// *Throws:* `limit_exceeded` for a longer one, which is kept, and can be read with `read_some`.
    task<std::optional<bytes>> read_line(std::size_t limit = longest_line);
    /// `while (auto line = co_await lines.next())`, while the download lives.
    async_generator<bytes> lines(std::size_t limit = longest_line);
    /// Writes the rest to a file, which is there when all of it is; nothing is left of one that breaks off. Returns its size.
    task<std::uint64_t> save_to(std::string path);
    /// With the rest of the body as its content.
    task<response> whole(std::size_t limit = default_limit);
    /// Fields behind the body, when that was read.
    const http::headers& trailers() const noexcept;

    /// Gives it up. What little is left to read is read, so that the connection can be used again.
    task<> close();

private:
    detail::transfer& open(const char* operation) const;

    std::unique_ptr<detail::transfer> of_;
};

} // namespace simul::http
