// A control loop: every 100 µs a frame comes and has to be classified. Prints how long that took,
// and counts what was taken from the heap meanwhile. On a machine that does other things too, give
// it a core and a priority: `chrt --fifo 80 taskset --cpu-list 1 build/examples/realtime --sleep`.
#include "allocations.hpp"
#include "command_line.hpp"
#include "lenet5.hpp"
#include "pictures.hpp"
#include "ten_pictures.hpp"  // written by export_header when this is built

#include <ctnn/io.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

constexpr double most_frames = 36e6;  // an hour of frames every 100 us; each takes 16 bytes

struct arguments {
    std::string weights = trained_weights;
    double seconds = 1.0, period = 100.0;
    bool sleep = false;
};

void print_distribution(const char* what, std::vector<microseconds>& times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
        const double place = std::ceil(share * static_cast<double>(times.size()));
        return times[static_cast<std::size_t>(std::max(1.0, place)) - 1].count();
    };
    std::printf("%-28s %9.1f %9.1f %9.1f %9.1f %9.1f\n", what, at(0.0), at(0.5), at(0.99),
                at(0.999), at(1.0));
}

void run(const arguments& a) {
    const auto w = std::make_unique<lenet5::parameters>();
    ctnn::load(*w, a.weights);
    const microseconds period(a.period);
    const double wanted = a.seconds * 1e6 / a.period;
    if (wanted > most_frames)
        throw std::runtime_error("--seconds: must be at most " +
                                 decimal(most_frames * a.period / 1e6) + " with a --period of " +
                                 decimal(a.period) + ", found " + decimal(a.seconds));
    const auto frames = static_cast<std::size_t>(std::max(1.0, wanted));
    std::vector<microseconds> after_frame(frames), in_predict(frames);
    lenet5::workspace scratch;
    std::size_t right = 0, late = 0;

    const std::size_t before = allocations;
    const auto start = clock::now();
    for (std::size_t n = 0; n < frames; ++n) {
        const std::size_t picture = n % std::size(ten_pictures);
        const lenet5::input frame = scaled(ten_pictures[picture]);
        const auto due =
            start + std::chrono::duration_cast<clock::duration>(static_cast<double>(n) * period);
        if (a.sleep) std::this_thread::sleep_until(due);
        auto begin = clock::now();
        while (begin < due) begin = clock::now();

        const lenet5::output p = lenet5::predict(*w, frame, scratch);

        const auto end = clock::now();
        right += argmax(p) == ten_pictures_labels[picture];
        late += end > due + period;
        after_frame[n] = end - due;
        in_predict[n] = end - begin;
    }
    const std::size_t taken = allocations - before;

    std::printf("%zu frames, one every %g us: %zu right, %zu answered after the next had come\n",
                frames, a.period, right, late);
    std::printf("%-28s %9s %9s %9s %9s %9s\n", "us", "min", "median", "99 %", "99.9 %", "max");
    print_distribution("from the frame to its answer", after_frame);
    print_distribution("of these in predict", in_predict);
    std::printf("%zu allocations\n", taken);
}

}  // namespace

int main(int argc, char** argv) {
    command_line line("Classifies a frame every 100 microseconds and prints how long it takes.");
    arguments a;
    line.add_path("weights", a.weights, ".safetensors file");
    line.add_number("--seconds", a.seconds, 0.001, 86'400, "how long");
    line.add_number("--period", a.period, 1, 1e6, "microseconds from one frame to the next");
    line.add_flag("--sleep", a.sleep,
                  "sleep until the frame comes, instead of looking at the clock");
    return line.run(argc, argv, [&] { run(a); });
}
