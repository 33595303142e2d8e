// SPDX-License-Identifier: MIT
#include "field_parameters.hpp"
#include "field_syntax.hpp"

#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>
#include <simul/text/charset.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace simul::http {

using namespace detail;

namespace {

struct known_extension {
    std::string_view extension, type;
};

/// By extension. What IANA has, and what browsers want where it has nothing.
constexpr known_extension known_extensions[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"atom", "application/atom+xml"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"br", "application/x-brotli"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/x-c"},
    {"cpp", "text/x-c++"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eot", "application/vnd.ms-fontobject"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", "text/x-c"},
    {"heic", "image/heic"},
    {"hpp", "text/x-c++"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"log", "text/plain"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mkv", "video/matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"parquet", "application/vnd.apache.parquet"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/x-python"},
    {"rar", "application/vnd.rar"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"sh", "application/x-sh"},
    {"sql", "application/sql"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"ts", "video/mp2t"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
static_assert(std::ranges::is_sorted(known_extensions, {}, &known_extension::extension));

constexpr std::size_t longest_extension = std::ranges::max(known_extensions, {}, [](const known_extension& each) {
                                              return each.extension.size();
                                          }).extension.size();

/// Nobody means more; and each is compared with those before it.
constexpr std::size_t most_parameters = 16;

} // namespace

std::optional<media_type> media_type::try_parse(std::string_view text)
{
    std::string_view rest = text;
    const std::string_view essence = trimmed(take_until(rest, ";"));
    const std::size_t slash = essence.find('/');
    if (slash == std::string_view::npos || !is_token(essence.substr(0, slash)) || !is_token(essence.substr(slash + 1)))
        return {};
    media_type made = {lower(essence), {}};
    for_each_parameter(rest, backslash::escapes, [&](std::string_view name, std::string value) {
        const bool can_be_sent = find_other(value_set, value) == value.size();
        if (can_be_sent && made.parameters.size() < most_parameters && !made.parameter(name))
            made.parameters.emplace_back(lower(name), std::move(value));
    });
    return made;
}

std::string_view media_type::type() const noexcept
{
    return std::string_view(essence).substr(0, essence.find('/'));
}

std::string_view media_type::subtype() const noexcept
{
    return std::string_view(essence).substr(std::min(type().size() + 1, essence.size()));
}

std::optional<std::string_view> media_type::parameter(std::string_view name) const noexcept
{
    const auto found =
        std::ranges::find_if(parameters, [&](const auto& each) { return same_ignoring_case(each.first, name); });
    if (found == parameters.end())
        return {};
    return found->second;
}

bool media_type::is_json() const noexcept
{
    return essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
}

std::string to_string(const media_type& of)
{
    if (!is_token(of.type()) || !is_token(of.subtype()))
        throw error(std::errc::invalid_argument, "media type: it needs the form \"type/subtype\"");
    std::string text = of.essence;
    for (const auto& [name, value] : of.parameters) {
        if (!is_token(name) || find_other(value_set, value) < value.size())
            throw error(std::errc::invalid_argument, "media type " + of.essence + ": a parameter can't be sent");
        text.append("; ").append(name).append("=");
        append_token_or_quoted(text, value);
    }
    return text;
}

std::string_view type_of_file(std::string_view path) noexcept
{
    constexpr std::string_view unknown = "application/octet-stream";
    const std::string_view name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || name.size() - dot - 1 > longest_extension)
        return unknown;
    std::array<char, longest_extension> small{};
    const auto end = std::ranges::transform(name.substr(dot + 1), small.begin(), [](char c) { return lower(c); }).out;
    const std::string_view extension(small.data(), static_cast<std::size_t>(end - small.begin()));
    const auto* const found = std::ranges::lower_bound(known_extensions, extension, {}, &known_extension::extension);
    return found != std::end(known_extensions) && found->extension == extension ? found->type : unknown;
}

std::string_view charset_of(std::string_view content_type)
{
    const auto type = media_type::try_parse(content_type);
    const auto label = type ? type->parameter("charset") : std::nullopt;
    const std::string_view name = label ? charset_name(*label) : std::string_view();
    return name.empty() ? "UTF-8" : name;
}

} // namespace simul::http
