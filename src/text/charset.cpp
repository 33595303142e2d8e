// SPDX-License-Identifier: MIT
//
// On iconv, but for UTF-8 and windows-1252, which are nearly all there is.
#include "charset.hpp"

#include "ascii.hpp"
#include "utf8.hpp"

#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>

#include <algorithm>
#include <cerrno>
#include <iconv.h>
#include <utility>

namespace simul {

namespace detail {

namespace {

constexpr std::string_view replacement = "\ufffd";

struct encoding {
    std::string_view name;
    const char* iconv_name;
    std::string_view labels; // beside the name, each between spaces
};
constexpr encoding encodings[] = {
    {"UTF-8", nullptr, " utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 "},
    {"windows-1252", nullptr,
     " ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
     "iso_8859-1:1987 l1 latin1 us-ascii x-cp1252 x-user-defined "},
    {"IBM866", "CP866", " 866 cp866 csibm866 "},
    {"ISO-8859-2", "ISO-8859-2", " csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 "},
    {"ISO-8859-3", "ISO-8859-3", " csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3 "},
    {"ISO-8859-4", "ISO-8859-4", " csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4 "},
    {"ISO-8859-5", "ISO-8859-5",
     " csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 "},
    {"ISO-8859-6", "ISO-8859-6",
     " arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 "
     "iso8859-6 "
     "iso88596 iso_8859-6 iso_8859-6:1987 "},
    {"ISO-8859-7", "ISO-8859-7",
     " csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 "
     "sun_eu_greek "},
    {"ISO-8859-8", "ISO-8859-8",
     " csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 "
     "visual "
     "csiso88598i iso-8859-8-i logical "},
    {"ISO-8859-10", "ISO-8859-10", " csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6 "},
    {"ISO-8859-13", "ISO-8859-13", " iso8859-13 iso885913 "},
    {"ISO-8859-14", "ISO-8859-14", " iso8859-14 iso885914 "},
    {"ISO-8859-15", "ISO-8859-15", " csisolatin9 iso8859-15 iso885915 iso_8859-15 l9 "},
    {"ISO-8859-16", "ISO-8859-16", " "},
    {"KOI8-R", "KOI8-R", " cskoi8r koi koi8 koi8_r "},
    {"KOI8-U", "KOI8-U", " koi8-ru "},
    {"macintosh", "MACINTOSH", " csmacintosh mac x-mac-roman "},
    {"windows-874", "CP874", " dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 "},
    {"windows-1250", "CP1250", " cp1250 x-cp1250 "},
    {"windows-1251", "CP1251", " cp1251 x-cp1251 "},
    {"windows-1253", "CP1253", " cp1253 x-cp1253 "},
    {"windows-1254", "CP1254",
     " cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 x-cp1254 "},
    {"windows-1255", "CP1255", " cp1255 x-cp1255 "},
    {"windows-1256", "CP1256", " cp1256 x-cp1256 "},
    {"windows-1257", "CP1257", " cp1257 x-cp1257 "},
    {"windows-1258", "CP1258", " cp1258 x-cp1258 "},
    {"x-mac-cyrillic", "MAC-UK", " x-mac-ukrainian "},
    {"GBK", "GB18030", " chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk "},
    {"gb18030", "GB18030", " "},
    {"Big5", "BIG5-HKSCS", " big5-hkscs cn-big5 csbig5 x-x-big5 "},
    {"EUC-JP", "EUC-JP", " cseucpkdfmtjapanese x-euc-jp "},
    {"ISO-2022-JP", "ISO-2022-JP", " csiso2022jp "},
    {"Shift_JIS", "CP932", " csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis "},
    {"EUC-KR", "CP949",
     " cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 "},
    {"UTF-16BE", "UTF-16BE", " unicodefffe "},
    {"UTF-16LE", "UTF-16LE", " csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 "},
};

const encoding* find_encoding(std::string_view label)
{
    const std::size_t begin = label.find_first_not_of(" \t\n\f\r");
    if (begin == std::string_view::npos)
        return nullptr;
    label = label.substr(begin, label.find_last_not_of(" \t\n\f\r") - begin + 1);
    if (label.find(' ') != std::string_view::npos)
        return nullptr;
    std::string wanted = " ";
    for (const char c : label)
        wanted += lower(c);
    wanted += ' ';
    const auto* const found = std::ranges::find_if(encodings, [&](const encoding& each) {
        return each.labels.find(wanted) != std::string_view::npos ||
               std::ranges::equal(each.name, std::string_view(wanted).substr(1, label.size()), {}, lower);
    });
    return found == std::end(encodings) ? nullptr : found;
}

void append_valid(std::string& to, std::string_view text)
{
    while (!text.empty()) {
        const std::size_t valid = std::min(find_invalid_utf8(text), text.size());
        to += text.substr(0, valid);
        text.remove_prefix(valid);
        if (text.empty())
            return;
        to += replacement;
        text.remove_prefix(invalid_utf8_length(text));
    }
}

/// As all browsers read what calls itself ISO-8859-1, too.
void append_windows_1252(std::string& to, std::string_view text)
{
    constexpr char16_t from_0x80[] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                      0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                      0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                      0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    to.reserve(to.size() + text.size() + text.size() / 16);
    while (!text.empty()) {
        if (const std::size_t ascii = ascii_prefix(text); ascii > 0) {
            to += text.substr(0, ascii);
            text.remove_prefix(ascii);
            continue;
        }
        const auto byte = static_cast<unsigned char>(text[0]);
        append_utf8(to, byte >= 0x80 && byte < 0xa0 ? from_0x80[byte - 0x80] : byte);
        text.remove_prefix(1);
    }
}

/// False when this system can't.
bool append_by_iconv(std::string& to, std::string_view text, const char* from)
{
    const iconv_t converter = iconv_open("UTF-8", from);
    if (converter == reinterpret_cast<iconv_t>(-1)) // NOLINT: its way to fail
        return false;
    struct closed {
        iconv_t converter;
        ~closed() { iconv_close(converter); }
    } const owner{converter};

    const std::size_t unit = std::string_view(from).starts_with("UTF-16") ? 2 : 1;
    char* in = const_cast<char*>(text.data()); // only read
    std::size_t left = text.size();
    char room[4096];
    while (left > 0) {
        char* out = room;
        std::size_t free = sizeof room;
        const std::size_t status = iconv(converter, &in, &left, &out, &free);
        to.append(room, out);
        if (status == static_cast<std::size_t>(-1) && errno != E2BIG) {
            to += replacement; // a byte that means nothing, or an end in the middle of a character
            if (errno == EINVAL || left < unit)
                break;
            in += unit;
            left -= unit;
        }
    }
    char* out = room;
    std::size_t free = sizeof room;
    iconv(converter, nullptr, nullptr, &out, &free);
    to.append(room, out);
    return true;
}

} // namespace

std::string_view take_byte_order_mark(std::string_view& text)
{
    for (const auto& [mark, name] : {std::pair<std::string_view, std::string_view>("\xef\xbb\xbf", "UTF-8"),
                                     {"\xfe\xff", "UTF-16BE"},
                                     {"\xff\xfe", "UTF-16LE"}}) {
        if (text.starts_with(mark)) {
            text.remove_prefix(mark.size());
            return name;
        }
    }
    return {};
}

bool append_as_utf8(std::string& to, std::string_view text, std::string_view charset)
{
    const encoding* const from = find_encoding(charset);
    if (!from)
        return false;
    if (from->iconv_name)
        return append_by_iconv(to, text, from->iconv_name);
    if (from->name == "UTF-8")
        append_valid(to, text);
    else
        append_windows_1252(to, text);
    return true;
}

} // namespace detail

std::string_view charset_name(std::string_view label)
{
    const detail::encoding* const found = detail::find_encoding(label);
    return found ? found->name : std::string_view();
}

std::string to_utf8(bytes_view text, std::string_view charset)
{
    const std::string_view marked = detail::take_byte_order_mark(text);
    std::string converted;
    if (!detail::append_as_utf8(converted, text, marked.empty() ? charset : marked))
        throw error(std::errc::invalid_argument,
                    "convert text: there is no charset \"" + std::string(charset.substr(0, 100)) + "\"");
    return converted;
}

bool is_utf8(bytes_view text) noexcept
{
    return detail::find_invalid_utf8(text) == bytes_view::npos;
}

} // namespace simul
