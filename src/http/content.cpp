// SPDX-License-Identifier: MIT
#include <simul/http/content.hpp>

#include "file_piece.hpp"

#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>
#include <simul/io/file.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace simul::http {

namespace {

class pieces_reader final : public content_reader {
public:
    explicit pieces_reader(async_generator<bytes> pieces) noexcept : pieces_(std::move(pieces)) {}

    task<bytes> next() override
    {
        while (auto piece = co_await pieces_.next())
            if (!piece->empty())
                co_return std::move(*piece);
        co_return bytes();
    }
    task<> close() override { co_await pieces_.close(); }

private:
    async_generator<bytes> pieces_;
};

class generator_source final : public content_source {
public:
    explicit generator_source(async_generator<bytes> pieces) noexcept : pieces_(std::move(pieces)) {}

    task<std::unique_ptr<content_reader>> open() override
    {
        if (!pieces_)
            throw invalid_state("HTTP: a generator's pieces can be sent once; give a function that returns a generator");
        auto reader = detail::read_pieces(std::move(*pieces_));
        pieces_.reset();
        co_return reader;
    }
    bool is_repeatable() const noexcept override { return false; }

private:
    std::optional<async_generator<bytes>> pieces_;
};

class file_reader final : public content_reader {
public:
    file_reader(fs::file of, std::uint64_t size) noexcept : file_(std::move(of)), size_(size) {}

    std::optional<std::uint64_t> size() const override { return size_; }
    task<bytes> next() override { return file_.read(detail::file_piece); }
    task<> close() override { return file_.close(); }

private:
    fs::file file_;
    std::uint64_t size_;
};

class file_source final : public content_source {
public:
    explicit file_source(std::string path) noexcept : path_(std::move(path)) {}

    task<std::unique_ptr<content_reader>> open() override
    {
        fs::file opened = co_await fs::open(path_);
        const std::uint64_t size = co_await opened.size();
        co_return std::make_unique<file_reader>(std::move(opened), size);
    }
    bool is_repeatable() const noexcept override { return true; }
    std::string filename() const override { return path_.substr(path_.rfind('/') + 1); } // npos + 1 is 0

private:
    std::string path_;
};

constexpr std::string_view usual_types[] = {"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json",
                                            "text/plain", "text/html"};

/// Made once for all.
std::shared_ptr<const std::string> usual_type(std::size_t index)
{
    static const std::vector<std::string> texts(std::begin(usual_types), std::end(usual_types));
    return {std::shared_ptr<void>(), &texts[index]};
}

} // namespace

std::unique_ptr<content_reader> detail::read_pieces(async_generator<bytes> pieces)
{
    return std::make_unique<pieces_reader>(std::move(pieces));
}

content::content(std::string text) : data_(std::move(text)), type_(usual_type(0))
{
}

content::content(std::string_view text) : data_(text), type_(usual_type(0))
{
}

content::content(std::shared_ptr<content_source> source, std::string_view type) : source_(std::move(source))
{
    if (!source_)
        throw error(std::errc::invalid_argument, "HTTP: content from no source");
    set_type(type);
}

const std::string& content::no_type() noexcept
{
    static const std::string none;
    return none;
}

void content::set_type(std::string_view type)
{
    const auto known = static_cast<std::size_t>(std::ranges::find(usual_types, type) - std::begin(usual_types));
    if (known < std::size(usual_types))
        type_ = usual_type(known);
    else
        type_ = type.empty() ? nullptr : std::make_shared<const std::string>(type);
}

content text(std::string text)
{
    return content(std::move(text));
}

content html(std::string text)
{
    return {std::move(text), "text/html; charset=utf-8"};
}

content data(bytes data, std::string_view type)
{
    return {std::move(data), type};
}

content form(const parameters& fields)
{
    return {form_encode(fields), "application/x-www-form-urlencoded"};
}

content file(std::string path, std::string type)
{
    if (type.empty())
        type = type_of_file(path);
    return {std::make_shared<file_source>(std::move(path)), std::move(type)};
}

content pieces(async_generator<bytes> pieces, std::string type)
{
    return {std::make_shared<generator_source>(std::move(pieces)), std::move(type)};
}

} // namespace simul::http
