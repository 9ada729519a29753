// What the compiler knows about a network before the program runs.
#include "lenet5.hpp"

#include <type_traits>

static_assert(std::is_same_v<lenet5::input_shape, ctnn::shape<28, 28, 1>>);
static_assert(
    std::is_same_v<lenet5::output_shape, ctnn::features<10>>);  // features<N> is shape<1, 1, N>
static_assert(std::is_same_v<lenet5::shape_after<2>,
                             ctnn::shape<14, 14, 6>>);  // after conv2d, relu, max_pool2d (0, 1, 2)
static_assert(lenet5::parameter_count == 61'706);
static_assert(lenet5::multiply_adds == 416'520);                  // per image, forward
static_assert(std::is_trivially_copyable_v<lenet5::parameters>);  // plain memory: copy it, map it,
                                                                  // put it in flash
static_assert(std::is_trivially_copyable_v<lenet5::workspace>);

// Options may come in any order; every one is a type with a name.
using strided = ctnn::network<ctnn::shape<32, 40, 3>,
                              ctnn::conv2d<8, ctnn::stride<2, 1>, ctnn::same,
                                           ctnn::kernel<3, 5>>,  // Keras 'same': ceil(in / stride)
                              ctnn::conv2d<16, ctnn::kernel<3, 3>, ctnn::padding<1, 1>,
                                           ctnn::dilation<2, 2>, ctnn::groups<4>>,
                              ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::same>,
                              ctnn::average_pool2d<ctnn::window<3, 3>, ctnn::stride<2, 2>>,
                              ctnn::global_average_pool2d, ctnn::dense<5>, ctnn::softmax>;
static_assert(std::is_same_v<strided::shape_after<0>, ctnn::shape<16, 40, 8>>);
static_assert(std::is_same_v<strided::shape_after<1>, ctnn::shape<14, 38, 16>>);
static_assert(std::is_same_v<strided::shape_after<3>, ctnn::shape<6, 18, 16>>);

int main() {}
