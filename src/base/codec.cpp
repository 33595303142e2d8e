// SPDX-License-Identifier: MIT
#include <simul/base/codec.hpp>

#include <algorithm>
#include <string>

namespace simul {

void encoder::clear() noexcept
{
    at_ = begin_;
    lasting_.clear();
    lasting_size_ = 0;
    lasts_ = false;
}

void encoder::grow(std::size_t needed)
{
    const auto used = static_cast<std::size_t>(at_ - begin_);
    const std::size_t capacity = std::max({used + needed, 2 * used, std::size_t{256}});
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (used > 0)
        std::memcpy(larger.get(), begin_, used);
    grown_ = std::move(larger);
    begin_ = grown_.get();
    at_ = begin_ + used;
    end_ = begin_ + capacity;
}

std::size_t decoder::get_size()
{
    std::uint64_t size = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = std::to_integer<std::uint64_t>(*read(1));
        size |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return size;
    }
    fail("a size has too many digits");
}

void decoder::finish() const
{
    if (left() > 0)
        fail("bytes are left over");
}

void decoder::fail(const char* reason)
{
    throw error(std::errc::bad_message, std::string("decoding failed: ") + reason);
}

void decoder::fail_short()
{
    fail("the bytes end in the middle of a value");
}

void codec<std::error_code>::encode(encoder& out, const std::error_code& value)
{
    const bool system = value.category() == std::system_category();
    const bool known = system || value.category() == std::generic_category();
    const std::error_condition meaning = value.default_error_condition();
    const int number = known ? value.value()
                       : meaning.category() == std::generic_category()
                           ? meaning.value()
                           : static_cast<int>(std::errc::state_not_recoverable);
    out.put(system);
    out.put(number);
}

std::error_code codec<std::error_code>::decode(decoder& in)
{
    const bool system = in.get<bool>();
    return {in.get<int>(), system ? std::system_category() : std::generic_category()};
}

} // namespace simul
