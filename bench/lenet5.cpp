// LeNet-5 on one core: prediction and training, as microseconds an image and as a share of what the
// core's multiply-add units could do, measured in the same run. The cases take turns; medians
// count.
#include "conditions.hpp"
#include "peak.hpp"

#include "../examples/lenet5.hpp"

#include <ctnn/training.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

struct benchmark_case {
    std::string name;
    std::size_t images;         // a call
    std::size_t multiply_adds;  // an image
    std::function<void()> call;
    std::vector<double> microseconds{}, shares{};
};

}  // namespace

int main() {
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::initialize(*w, ctnn::he_normal{.seed = 1});
    std::vector<lenet5::input> images(256);
    std::vector<ctnn::class_label> labels(256);
    for (std::size_t n = 0; n < images.size(); ++n) {
        for (std::size_t i = 0; i < 784; ++i)
            images[n][i] = static_cast<float>((i * 7 + n * 13) % 17) / 17.0f;
        labels[n] = static_cast<ctnn::class_label>(n % 10);
    }
    std::vector<lenet5::output> outputs(256);
    const auto scratch = std::make_unique<lenet5::workspace>();
    const auto batch_scratch = std::make_unique<lenet5::batch_workspace>();
    const auto training = std::make_unique<ctnn::training_workspace<lenet5>>();
    const auto optimizer = std::make_unique<ctnn::adam<lenet5>>();

    const auto predict = [&](std::size_t count) {
        lenet5::predict(*w, std::span(images).first(count), std::span(outputs).first(count),
                        *batch_scratch);
    };
    // Backward costs two multiply-adds for each forward, but the first layer needs no gradient of
    // its input.
    constexpr std::size_t training_step =
        3 * lenet5::multiply_adds - lenet5::layer<0>::multiply_adds;
    std::vector<benchmark_case> cases{
        {"predict, one image", 1, lenet5::multiply_adds,
         [&] { outputs[0] = lenet5::predict(*w, images[0], *scratch); }},
        {"predict, 32 images", 32, lenet5::multiply_adds, [&] { predict(32); }},
        {"predict, 256 images", 256, lenet5::multiply_adds, [&] { predict(256); }},
        {"training step, 32 images, Adam", 32, training_step, [&] {
             ctnn::train_step(*w, *optimizer, std::span(images).first(32),
                              std::span(labels).first(32), *training);
         }}};

    std::vector<double> peaks;
    for (int round = 0; round < 41; ++round)
        for (benchmark_case& c : cases) {
            const double peak = bench::measure_peak();
            const std::size_t calls = std::max<std::size_t>(1, 256 / c.images);
            const double start = bench::seconds();
            for (std::size_t i = 0; i < calls; ++i) c.call();
            const double image = (bench::seconds() - start) / static_cast<double>(calls * c.images);
            if (round == 0) continue;  // warms up
            peaks.push_back(peak);
            c.microseconds.push_back(1e6 * image);
            c.shares.push_back(static_cast<double>(c.multiply_adds) / image / peak);
        }
    std::printf("%zu lanes, peak %.1f thousand million multiply-adds a second\n\n",
                ctnn::simd::native_lanes, bench::median(peaks) / 1e9);
    std::printf("%-32s %10s %10s %10s\n", "", "us/image", "least", "of peak");
    for (const benchmark_case& c : cases)
        std::printf("%-32s %10.2f %10.2f %10.2f\n", c.name.c_str(), bench::median(c.microseconds),
                    *std::min_element(c.microseconds.begin(), c.microseconds.end()),
                    bench::median(c.shares));
}
