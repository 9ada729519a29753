#include <ctnn/training/trainer_bytes.hpp>

#include <ctnn/training.hpp>

#include <doctest/doctest.h>

using namespace ctnn;

namespace {

using loss = sparse_categorical_crossentropy;
using lenet5 = network<shape<28, 28, 1>, conv2d<6, kernel<5, 5>, same>, relu, max_pool2d<>,
                       conv2d<16, kernel<5, 5>>, relu, max_pool2d<>, flatten, dense<120>, relu,
                       dense<84>, relu, dense<10>, softmax>;

// Arrays begin at multiples of a cache line.
constexpr std::size_t lines(std::size_t numbers, std::size_t lanes) {
    return (numbers * lanes * sizeof(float) + 63) / 64 * 64;
}
// An image; what is alive at once, most of it on the way back through the second convolution: its
// input, its pooled output, the gradients of its map and of its input, and the network's output; a
// byte for the position of every maximum; ten targets. The first convolution's gradient copies its padded image and the slopes, as many
// rows as take 128 KiB, and has sums between; one lane copies the slopes of a window.
constexpr std::size_t rows_of_slopes(std::size_t rows) {
    return (rows + 4) * 32 + rows * 28 * 6;
}
constexpr std::size_t scratch_of(std::size_t lanes) {
    return lanes == 16  ? rows_of_slopes(8) + 5 * 5 * 6
           : lanes == 8 ? rows_of_slopes(18) + 5 * 5 * 6
           : lanes == 4 ? rows_of_slopes(28)
                        : 2 * 2 * 6;
}
template <std::size_t Lanes>
constexpr std::size_t of_lanes = lines(28 * 28, Lanes) +
                                 lines(2 * 14 * 14 * 6 + 5 * 5 * 16 + 10 * 10 * 16 + 10, Lanes) +
                                 ((14 * 14 * 6 + 5 * 5 * 16) * Lanes + 63) / 64 * 64 +
                                 lines(10, Lanes) + lines(scratch_of(Lanes), Lanes);
constexpr std::size_t parameters_bytes = lines(61'706, 1);

static_assert(trainer_bytes<lenet5, loss, sgd<lenet5>> ==
              2 * parameters_bytes + sizeof(sgd<lenet5>) + of_lanes<1>);
static_assert(trainer_bytes<lenet5, loss, adam<lenet5>, simd::native> ==
              (simd::native_lanes == 1 ? 2 : 3) * parameters_bytes + sizeof(adam<lenet5>) +
                  of_lanes<simd::native_lanes>);
static_assert(sizeof(sgd<lenet5>) - parameters_bytes <= 64);        // one slot, and its options
static_assert(sizeof(adam<lenet5>) - 2 * parameters_bytes <= 128);  // two slots

// Small arrays are aligned to their own size: inputs, outputs with their gradient, targets.
using line = network<features<2>, dense<3>>;
static_assert(trainer_bytes<line, mean_squared_error, sgd<line>> ==
              2 * sizeof(line::parameters) + sizeof(sgd<line>) + 32 + 32 + 16);

}  // namespace

TEST_CASE("trainer_bytes: what train_step works with") {
    constexpr std::size_t second_gradient = simd::native_lanes == 1 ? parameters_bytes : 0;
    CHECK(trainer_bytes<lenet5, loss, adam<lenet5>, simd::native> + second_gradient ==
          sizeof(lenet5::parameters) + sizeof(adam<lenet5>) +
              sizeof(training_workspace<lenet5, loss>));
}
