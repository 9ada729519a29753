#include <ctnn/layers/expect.hpp>

#include "support/laws.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <type_traits>

using namespace ctnn;
using laws::W;

inline constexpr laws::traits linear{.linear = true};

using layer = expect<shape<5, 5, 16>>::on<shape<5, 5, 16>>;
static_assert(std::is_same_v<layer::output_shape, shape<5, 5, 16>>);
static_assert(layer::facts.reshapes && layer::parameter_count == 0 && layer::multiply_adds == 0);
static_assert(layer::name == std::string_view("expect"));
// Of another shape nothing is left, so that a network can say where it went wrong.
static_assert(std::is_same_v<expect<shape<5, 5, 16>>::output_on<shape<5, 4, 16>>, shape<0, 0, 0>>);
// The first extent that differs is what the compiler's message shows.
using by_width = ctnn::detail::difference<shape<5, 4, 1>, shape<5, 6, 2>>;
static_assert(by_width::of_found == 4 && by_width::of_wanted == 6);
using by_height = ctnn::detail::difference<shape<3, 4, 1>, shape<5, 6, 2>>;
static_assert(by_height::of_found == 3 && by_height::of_wanted == 5);
using by_channels = ctnn::detail::difference<shape<5, 6, 1>, shape<5, 6, 2>>;
static_assert(by_channels::of_found == 1 && by_channels::of_wanted == 2);
using by_nothing = ctnn::detail::difference<shape<5, 6, 2>, shape<5, 6, 2>>;
static_assert(by_nothing::of_found == 0 && by_nothing::of_wanted == 0);

TEST_CASE("expect<features<1>>::on<features<1>>") {
    laws::obeys_in_every_width<expect<features<1>>::on<features<1>>>(reference::expect{}, linear);
}
TEST_CASE("expect<shape<3, W + 1, W - 1>>::on<shape<3, W + 1, W - 1>>") {
    using map = shape<3, W + 1, W - 1>;
    laws::obeys<expect<map>::on<map>>(reference::expect{}, linear);
}

constexpr bool test_forward_and_backward() {
    using two = expect<features<2>>::on<features<2>>;
    const two::input x{{1, 2}};
    const two::output y = two::forward(x), d_y{{3, 4}};
    const two::input d_x = two::backward(x, d_y);
    return y[0] == 1 && y[1] == 2 && d_x[0] == 3 && d_x[1] == 4;
}
TEST_CASE("expect in a constant expression") {
    static_assert(test_forward_and_backward());
    CHECK(test_forward_and_backward());
}
