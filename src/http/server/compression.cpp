// SPDX-License-Identifier: MIT
#include <simul/http/compression.hpp>

#include "http/content_coding.hpp"
#include "http/negotiation.hpp"

#include <simul/http/status.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace simul::http {
namespace {

using detail::content_coding;

constexpr std::array offered = {content_coding::br, content_coding::zstd, content_coding::gzip};

class compressed_reader final : public content_reader {
public:
    compressed_reader(std::unique_ptr<content_reader> plain, content_coding to)
        : plain_(std::move(plain)), encoder_(to), comes_slowly_(!plain_->size())
    {
    }

    bool is_endless() const noexcept override { return plain_->is_endless(); }
    void end_early() noexcept override { plain_->end_early(); }
    task<bytes> next() override
    {
        bytes made;
        while (made.empty() && !ended_) {
            const bytes piece = co_await plain_->next();
            ended_ = piece.empty();
            if (ended_)
                encoder_.end(made);
            else
                encoder_.encode(piece, made);
            if (!ended_ && comes_slowly_)
                encoder_.flush(made);
        }
        co_return made;
    }
    task<> close() override { return plain_->close(); }

private:
    std::unique_ptr<content_reader> plain_;
    detail::content_encoder encoder_;
    bool comes_slowly_;
    bool ended_ = false;
};

class compressed_source final : public content_source {
public:
    compressed_source(std::shared_ptr<content_source> plain, content_coding to) noexcept : plain_(std::move(plain)), to_(to) {}

    task<std::unique_ptr<content_reader>> open() override
    {
        co_return std::make_unique<compressed_reader>(co_await plain_->open(), to_);
    }
    bool is_repeatable() const noexcept override { return plain_->is_repeatable(); }

private:
    std::shared_ptr<content_source> plain_;
    content_coding to_;
};

bool may_be_coded(const response& of, std::size_t smallest)
{
    const headers& fields = of.headers();
    const content& body = of.content();
    return of.status() != status::partial_content && of.status() != status::not_modified && !body.is_none() &&
           (body.source() || body.data().size() >= smallest) && !fields.contains("Content-Encoding") &&
           !fields.contains_member("Cache-Control", "no-transform") &&
           detail::is_compressible(fields.get("Content-Type").value_or(std::string_view(body.type())));
}

} // namespace

task<response> compression::operator()(request& asked, next rest) const
{
    response made = co_await rest(asked);
    if (!may_be_coded(made, options_.smallest))
        co_return made;
    headers& fields = made.headers();
    if (!fields.contains_member("Vary", "Accept-Encoding"))
        fields.add("Vary", "Accept-Encoding");
    const content_coding coding = detail::choose_coding(asked.headers().get("Accept-Encoding"), offered);
    if (coding == content_coding::identity)
        co_return made;
    fields.set("Content-Encoding", detail::to_string(coding));
    if (const auto tag = fields.get("ETag"); tag && !tag->starts_with("W/"))
        fields.set("ETag", "W/" + std::string(*tag)); // equal in meaning, not in bytes
    fields.erase("Accept-Ranges");
    content& body = made.content();
    if (body.source())
        body = content(std::make_shared<compressed_source>(body.source(), coding), body.type());
    else
        body = content(detail::encoded(coding, body.data()), body.type());
    co_return made;
}

} // namespace simul::http
