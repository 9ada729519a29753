// From the input and the options to axes and outputs, by hand; when windows have no pixel in common.
#include <ctnn/layers/sliding_window.hpp>

#include <type_traits>

using namespace ctnn;
using detail::sliding_window;

// (9 + 1 + 0 - 3) / 2 + 1 rows; two taps that lie 2 apart see 3 columns: 8 + 2 + 1 - 3 + 1.
using any =
    sliding_window<shape<9, 8, 4>, kernel<3, 2>, stride<2, 1>, dilation<1, 2>, padding<1, 0, 2, 1>>;
static_assert(any::fits && std::is_same_v<any::output<6>, shape<4, 9, 6>>);
static_assert(any::rows.before == 1 && any::rows.after == 0 && any::columns.before == 2 &&
              any::columns.after == 1);
static_assert(any::needed_rows == 3 && any::needed_columns == 3);
static_assert(any::settings == std::array<std::uint64_t, 10>{3, 2, 1, 1, 0, 2, 1, 2, 2, 1});

// Exactly as large as the input, and larger by one: rows are said first, columns only if rows fit.
template <std::size_t Height, std::size_t Width>
using kernel_on =
    sliding_window<shape<5, 6, 1>, kernel<Height, Width>, stride<1>, dilation<1>, valid>;
static_assert(std::is_same_v<kernel_on<5, 6>::output<2>, shape<1, 1, 2>>);
static_assert(!kernel_on<6, 6>::fits && std::is_same_v<kernel_on<6, 6>::output<2>, shape<0, 0, 0>>);
static_assert(kernel_on<6, 6>::needed_rows == 6 && kernel_on<5, 7>::needed_columns == 7 &&
              kernel_on<6, 7>::needed_columns == 0);

// One pixel is a list: that alone is said.
using flat = sliding_window<shape<1, 1, 7>, kernel<3>, stride<1>, dilation<1>, valid>;
static_assert(flat::is_flat && !flat::fits && flat::needed_rows == 0 && flat::needed_columns == 0);
static_assert(!sliding_window<shape<1, 1, 7>, kernel<1>, stride<1>, dilation<1>, valid>::is_flat);

template <class Input, class... Options>
using pooling = detail::pooling_window<
    Input, detail::options<detail::accepts<detail::option_kind::window, detail::option_kind::stride,
                                           detail::option_kind::padding>,
                           Options...>>;
template <class... Options>
using on_image = pooling<shape<12, 20, 3>, Options...>;

// 2 x 2, and its stride the window, unless said otherwise.
static_assert(std::is_same_v<on_image<>::output<3>, shape<6, 10, 3>>);
static_assert(std::is_same_v<on_image<window<3, 4>>::output<3>, shape<4, 5, 3>>);
static_assert(std::is_same_v<on_image<window<3, 4>, stride<1>>::output<3>, shape<10, 17, 3>>);

// A convolution can pool by itself: rows and columns both without overlap, gap and padding.
static_assert(on_image<>::are_disjoint && on_image<window<3, 4>>::are_disjoint &&
              on_image<window<5, 7>>::are_disjoint);  // what is left over is no matter
static_assert(!on_image<window<2>, stride<1, 2>>::are_disjoint &&
              !on_image<window<2>, stride<2, 1>>::are_disjoint &&
              !on_image<window<2>, stride<3, 2>>::are_disjoint &&
              !on_image<window<2>, stride<2, 3>>::are_disjoint);
static_assert(!on_image<padding<1, 0>>::are_disjoint && !on_image<padding<0, 1>>::are_disjoint);
static_assert(on_image<window<2, 8>>::are_disjoint && !on_image<window<2, 9>>::are_disjoint &&
              on_image<window<12, 2>>::are_disjoint);

// No window sees padding alone.
static_assert(on_image<padding<1>>::fits && !on_image<padding<2>>::fits &&
              !on_image<padding<0, 0, 0, 2>>::fits && !on_image<padding<0, 2, 0, 0>>::fits);
static_assert(std::is_same_v<on_image<padding<2>>::output<3>, shape<0, 0, 0>>);
