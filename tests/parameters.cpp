#include <ctnn/parameters.hpp>

#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/relu.hpp>

#include <doctest/doctest.h>

#include <type_traits>

using namespace ctnn;

using conv = conv2d<4, kernel<2, 3>>::on<shape<5, 5, 2>>;
using without_bias = conv2d<4, kernel<2, 3>, use_bias<false>>::on<shape<5, 5, 2>>;
using none = relu::on<features<3>>;

// Plain memory: copied with memcpy, mapped, put in flash.
static_assert(std::is_trivially_copyable_v<conv::parameters> &&
              std::is_trivial_v<conv::parameters> && std::is_standard_layout_v<conv::parameters>);
static_assert(sizeof(conv::parameters) == 256 && alignof(conv::parameters) == 64);  // 52 floats
static_assert(sizeof(parameters<dense<1>::on<features<1>>>) == 8);
static_assert(conv::parameter_count == 2 * 3 * 2 * 4 + 4 && conv::arrays::arrays == 2);
static_assert(without_bias::parameter_count == 2 * 3 * 2 * 4 && without_bias::arrays::arrays == 1);
static_assert(none::parameter_count == 0 && none::arrays::arrays == 0);
static_assert(parameters<none>{}.values().size() == 0);

// Views: a writing one turns into a reading one, not the other way.
static_assert(std::is_trivially_copyable_v<conv::weights> &&
              sizeof(conv::weights) == sizeof(void*));
static_assert(std::is_convertible_v<conv::gradients, conv::weights> &&
              !std::is_convertible_v<conv::weights, conv::gradients>);
static_assert(std::is_convertible_v<conv::parameters&, conv::gradients> &&
              !std::is_convertible_v<const conv::parameters&, conv::gradients> &&
              std::is_convertible_v<const conv::parameters&, conv::weights>);
static_assert(!std::is_convertible_v<without_bias::parameters&, conv::weights>);

// An array that a layer does without has no name.
template <class W>
concept has_bias = requires(W w) {
    w.bias();
};
template <class W>
concept has_get_bias = requires(W w) {
    w.template get<"bias">();
};
template <class W>
concept has_get_slope = requires(W w) {
    w.template get<"slope">();
};
static_assert(has_bias<conv::parameters> && !has_bias<without_bias::parameters>);
static_assert(has_get_bias<conv::weights> && !has_get_bias<without_bias::weights>);
static_assert(!has_get_slope<conv::weights>);

constexpr bool test_views() {
    conv::parameters w{};
    for (std::size_t i = 0; float& v : w.values()) v = static_cast<float>(i++);
    const conv::parameters& read = w;
    bool right = w.values().size() == 52 && w.kernel().size() == 48 && w.bias().size() == 4;
    // The kernel first, (row, column, channel, filter) with the filter fastest, then the bias.
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t c = 0; c < 2; ++c) {
                for (std::size_t f = 0; f < 4; ++f)
                    right = right && read.kernel()(i, j, c, f) ==
                                         static_cast<float>(((i * 3 + j) * 2 + c) * 4 + f);
                right = right && &w.kernel()(i, j, c) == &w.kernel()(i, j, c, 0);
            }
    for (std::size_t f = 0; f < 4; ++f)
        right = right && read.bias()(f) == static_cast<float>(48 + f);
    right = right && w.get<"kernel">().data() == w.values().data() &&
            w.get<"bias">().data() == w.values().data() + 48 &&
            read.get<"bias">().data() == read.bias().data();
    const conv::gradients view(w);
    view.bias()[1] = -1;
    view.get<"kernel">()(1, 2, 1, 3) = -2;
    const conv::weights seen = view;
    conv::parameters copy = w;
    copy.values()[0] = 100;
    return right && w.values()[49] == -1 && seen.values()[47] == -2 && w.values()[0] == 0 &&
           std::is_same_v<decltype(seen.values()), std::span<const float, 52>> &&
           std::is_same_v<decltype(view.values()), std::span<float, 52>>;
}

// Inside someone else's memory, wherever it begins.
constexpr bool test_view_in_memory() {
    float memory[12]{};
    using layer = dense<2>::on<features<3>>;
    const layer::gradients w(memory + 3);
    w.kernel()(2, 1) = 5;
    w.bias()(1) = 6;
    return memory[3 + 5] == 5 && memory[3 + 7] == 6 && w.values().size() == 8;
}

// The table of names, which files are written from.
constexpr bool test_table() {
    std::array<parameter_entry, 3> rows{};
    parameter_entry* end =
        ctnn::detail::write_entries(conv::arrays{}, rows.data(), "conv2d", 2, 100);
    bool right = end == rows.data() + 2 && rows[0].array == "kernel" && rows[0].rank == 4 &&
                 rows[0].extents[0] == 2 && rows[0].extents[3] == 4 && rows[0].extents[4] == 0 &&
                 rows[0].offset == 100 && rows[0].size == 48 && rows[1].array == "bias" &&
                 rows[1].layer == "conv2d" && rows[1].number == 2 && rows[1].offset == 148 &&
                 rows[1].size == 4 && rows[1].rank == 1;
    end = ctnn::detail::write_entries(without_bias::arrays{}, rows.data(), "conv2d", 1, 0);
    return right && end == rows.data() + 1;
}

TEST_CASE("parameters<conv2d<4, kernel<2, 3>>::on<shape<5, 5, 2>>>") {
    static_assert(test_views());
    CHECK(test_views());
    static_assert(test_view_in_memory());
    CHECK(test_view_in_memory());
    static_assert(test_table());
    CHECK(test_table());
}
