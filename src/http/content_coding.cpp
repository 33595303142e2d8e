// SPDX-License-Identifier: MIT
#include "content_coding.hpp"

#include "field_syntax.hpp"

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace simul::http::detail {

namespace {

constexpr std::size_t between_stages = 16 * 1024;
constexpr std::size_t decoded_at_once = 16 * 1024;

std::optional<content_coding> coding_of(std::string_view name)
{
    for (const auto each : {content_coding::identity, content_coding::gzip, content_coding::deflate, content_coding::br,
                            content_coding::zstd})
        if (same_ignoring_case(name, to_string(each)))
            return each;
    if (same_ignoring_case(name, "x-gzip"))
        return content_coding::gzip;
    return {};
}

std::unique_ptr<decoder> make_decoder(content_coding of)
{
    switch (of) {
    case content_coding::gzip:
        return make_gzip_decoder();
    case content_coding::deflate:
        return make_deflate_decoder();
    case content_coding::br:
        return make_br_decoder();
    case content_coding::zstd:
        return make_zstd_decoder();
    case content_coding::identity:
        break;
    }
    return nullptr;
}

std::unique_ptr<encoder> make_encoder(content_coding of)
{
    switch (of) {
    case content_coding::gzip:
        return make_gzip_encoder();
    case content_coding::deflate:
        return make_deflate_encoder();
    case content_coding::br:
        return make_br_encoder();
    case content_coding::zstd:
        return make_zstd_encoder();
    case content_coding::identity:
        break;
    }
    return nullptr;
}

/// Without identities. What it throws, if anything, comes from `refuse`, which gets a sentence.
template <class Refuse> std::vector<content_coding> parse_codings(std::string_view codings, Refuse refuse)
{
    std::vector<content_coding> all;
    for_each_member(codings, [&](std::string_view name) {
        const auto coding = coding_of(name);
        if (!coding)
            return refuse("unknown coding \"" + std::string(name.substr(0, 40)) + "\"");
        if (*coding == content_coding::identity)
            return;
        if (all.size() == most_codings)
            return refuse("more than " + std::to_string(most_codings) + " codings over each other");
        all.push_back(*coding);
    });
    return all;
}

} // namespace

std::string_view to_string(content_coding of) noexcept
{
    constexpr std::string_view names[] = {"identity", "gzip", "deflate", "br", "zstd"};
    return names[static_cast<std::size_t>(of)];
}

std::string_view accepted_codings() noexcept
{
    return "gzip, deflate, br, zstd";
}

bool is_decodable(std::string_view codings)
{
    bool known = true;
    parse_codings(codings, [&](const std::string&) { known = false; });
    return known;
}

content_decoder::content_decoder(std::string_view codings, const decoding_limits& within) : limits_(within)
{
    const auto all = parse_codings(codings, [](const std::string& why) {
        throw error(std::errc::protocol_not_supported, "Content-Encoding: " + why);
    });
    for (std::size_t i = all.size(); i-- > 0;) {
        stages_.push_back({all[i], make_decoder(all[i])});
        if (i > 0)
            stages_.back().between.resize(between_stages);
    }
}

content_decoder::progress content_decoder::decode(bytes_view input, std::span<char> room)
{
    SIMUL_ASSERT(!room.empty());
    if (stages_.empty()) {
        const std::size_t copied = input.copy(room.data(), room.size());
        return {copied, copied, copied == input.size()};
    }

    progress done = {.used = 0, .written = 0, .starved = true};
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        stage& now = stages_[i];
        stage* const before = i > 0 ? &stages_[i - 1] : nullptr;
        const bool last = i + 1 == stages_.size();
        const bytes_view from =
            before ? bytes_view(before->between.data() + before->begin, before->end - before->begin) : input;
        const std::span<char> to = last ? room : std::span(now.between);

        decoder_step step;
        if (last || now.begin == now.end) {
            step = now.codec->decode(from, to);
            now.written += step.written;
            now.begin = 0;
            now.end = step.written;
        } else {
            done.starved = false; // it may have more than what waits
        }
        if (before)
            before->begin += step.used;
        else
            received_ += done.used = step.used;
        check_limits(now);
        if (step.used < from.size() || step.written == to.size())
            done.starved = false;
        if (last)
            done.written = step.written;
    }
    return done;
}

void content_decoder::check_limits(const stage& of) const
{
    const auto refuse = [&](const std::string& why) {
        throw limit_exceeded("decode " + std::string(to_string(of.coding)) + ": " + why);
    };
    if (of.written > limits_.total)
        refuse("more than " + std::to_string(limits_.total) + " bytes");
    if (of.written > limits_.ratio_from && of.written / limits_.ratio > received_)
        refuse("more than " + std::to_string(limits_.ratio) + " times what was sent");
}

void content_decoder::end() const
{
    std::uint64_t came = received_;
    for (const stage& each : stages_) {
        if (came > 0 && !each.codec->is_complete())
            refuse_to_decode(to_string(each.coding), "it breaks off");
        came = each.written;
    }
}

piece_decoder::piece_decoder(std::string_view codings, const decoding_limits& within)
    : decoder_(codings, within), room_(decoded_at_once, '\0')
{
}

std::optional<bytes_view> piece_decoder::next()
{
    for (;;) {
        const auto [used, written, starved] = decoder_.decode(input_, room_);
        input_.remove_prefix(used);
        if (written > 0)
            return bytes_view(room_).substr(0, written);
        if (starved)
            return std::nullopt;
    }
}

content_encoder::content_encoder(content_coding to) : codec_(make_encoder(to))
{
}

void content_encoder::encode(bytes_view input, bytes& out)
{
    if (codec_)
        codec_->encode(input, encode_until::later, out);
    else
        out += input;
}

void content_encoder::flush(bytes& out)
{
    if (codec_)
        codec_->encode({}, encode_until::flushed, out);
}

void content_encoder::end(bytes& out)
{
    if (codec_)
        codec_->encode({}, encode_until::end, out);
}

bytes encoded(content_coding to, bytes_view whole)
{
    bytes out;
    content_encoder encoder(to);
    encoder.encode(whole, out);
    encoder.end(out);
    return out;
}

} // namespace simul::http::detail
