// Pooling a window of pixels, as fast for one image as for one in every lane.
#pragma once

#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/vector.hpp>

#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// Pixels of `Channels` numbers: `rows` times `columns` neighbours, `row_size` numbers from one row to
/// the next.
template <std::size_t Channels>
struct pixel_window {
    std::size_t rows, columns, row_size;

    /// y(c) = finish(combine(... combine(x(0, 0, c), x(0, 1, c)) ..., x(rows - 1, columns - 1, c))).
    /// (Two loops in place of the tiles g++ 12 would at times go through channel by channel.)
    template <class T, class Combine, class Finish>
    constexpr void pool(const T* x, T* y, Combine&& combine, Finish&& finish) const noexcept {
        constexpr std::size_t at_once = 8, lanes = simd::native_lanes;
        if constexpr (std::is_same_v<T, float> && lanes > 1 && lanes <= Channels)
            if (!std::is_constant_evaluated()) {
                constexpr std::size_t vectors = Channels / lanes, whole = vectors * lanes;
                simd::for_tiles<vectors, at_once>([&](std::size_t v, auto count) {
                    tile<simd::native, count>(x + v * lanes, y + v * lanes, combine, finish);
                });
                simd::for_tiles<Channels - whole, at_once>([&](std::size_t c, auto count) {
                    tile<T, count>(x + whole + c, y + whole + c, combine, finish);
                });
                return;
            }
        simd::for_tiles<Channels, at_once>(
            [&](std::size_t c, auto count) { tile<T, count>(x + c, y + c, combine, finish); });
    }

private:
    /// `Count` V: channels, or vectors of them.
    template <class V, std::size_t Count, class T, class Combine, class Finish>
    [[gnu::always_inline]] constexpr void tile(const T* x, T* y, Combine&& combine,
                                               Finish&& finish) const noexcept {
        constexpr std::size_t lanes = simd::lanes_of<V> / simd::lanes_of<T>;
        V kept[Count];
        CTNN_UNROLLED
        for (std::size_t t = 0; t < Count; ++t) kept[t] = simd::load_as<V>(x + t * lanes);
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = i == 0 ? 1 : 0; j < columns; ++j) {
                const T* const pixel = x + i * row_size + j * Channels;
                CTNN_UNROLLED
                for (std::size_t t = 0; t < Count; ++t)
                    kept[t] = combine(kept[t], simd::load_as<V>(pixel + t * lanes));
            }
        CTNN_UNROLLED
        for (std::size_t t = 0; t < Count; ++t) simd::store_as(y + t * lanes, V(finish(kept[t])));
    }
};

}  // namespace ctnn::detail
