// Predicting and training take nothing from the heap and ask nothing of the system.
#include "../examples/allocations.hpp"
#include "../examples/lenet5.hpp"

#include <ctnn/quantization.hpp>
#include <ctnn/training/backpropagation.hpp>
#include <ctnn/training/losses.hpp>
#include <ctnn/training/optimizers.hpp>

#include "support/random.hpp"

#include <doctest/doctest.h>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace {

/// Images, weights and all that computing with them needs, from the heap before anything is
/// counted.
struct everything {
    lenet5::parameters w, d_w;
    std::array<lenet5::input, 37> images;
    std::array<lenet5::output, 37> outputs;
    lenet5::workspace scratch;
    lenet5::batch_workspace batch_scratch;
    using loss = ctnn::sparse_categorical_crossentropy::on<lenet5>;
    ctnn::backpropagation<lenet5, ctnn::simd::native, loss::leaves> pass;
    ctnn::tensor<lenet5::output_shape, ctnn::simd::native> targets;
    ctnn::adam<lenet5> adam;
    ctnn::sgd<lenet5> sgd{{.momentum = 0.9, .nesterov = true}};
    ctnn::rmsprop<lenet5> rmsprop{{.centered = true}};

    using int8 = ctnn::quantized<lenet5>;
    int8::parameters bytes;
    int8::float_workspace bytes_scratch;
    int8::batch_workspace bytes_batch_scratch;
    std::array<int8::input, 37> byte_images{};
    std::array<int8::output, 37> byte_outputs;

    everything() {
        fill_random(w, 1, 0.1f);
        for (lenet5::input& x : images) fill_random(x, 2, 1.0f);
        bytes = ctnn::quantize(w, images);
        targets.fill(ctnn::simd::native(0.1f));
    }
    void predict_one() { outputs[0] = lenet5::predict(w, images[0], scratch); }
    void predict_one_on_the_stack() { outputs[1] = lenet5::predict(w, images[1]); }
    void predict_many() { lenet5::predict(w, images, outputs, batch_scratch); }
    void predict_in_bytes() {
        outputs[2] = int8::predict(bytes, images[2], bytes_scratch);
        int8::predict(bytes, byte_images, byte_outputs, bytes_batch_scratch);
    }
    void train() {
        std::fill_n(d_w.elements, lenet5::parameter_count, 0.0f);
        std::array<const lenet5::input*, ctnn::simd::native_lanes> in_lanes{};
        for (std::size_t n = 0; n < in_lanes.size(); ++n) in_lanes[n] = &images[n];
        ctnn::to_lanes<ctnn::simd::native>(in_lanes, ctnn::tensor_view(pass.x));
        pass.forward(w);
        static_cast<void>(loss::evaluate(
            pass.output(),
            ctnn::tensor_view<lenet5::output_shape, const ctnn::simd::native>(targets),
            pass.d_output()));
        pass.backward(w, d_w);
        adam.update(w, d_w);
        sgd.update(w, d_w);
        rmsprop.update(w, d_w);
    }
};

template <class Action>
std::size_t allocations_in(Action action) {
    const std::size_t before = allocations;
    action();
    return allocations - before;
}

/// Whether a process that may only read, write and end survives `action`; the kernel kills it at
/// any other system call.
enum class outcome { survived, killed, not_possible };
template <class Action>
outcome without_system_calls(Action action) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(2);
        action();
        ::syscall(SYS_exit, 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return outcome::killed;
    return WEXITSTATUS(status) == 0 ? outcome::survived : outcome::not_possible;
}

}  // namespace

TEST_CASE("the counter sees every kind of allocation") {
    int* volatile kept = nullptr;  // or the compiler would do without
    const auto drop = [&] { delete kept; };
    CHECK(allocations_in([&] { kept = new int; }) == 1);
    drop();
    CHECK(allocations_in([&] { kept = new (std::nothrow) int; }) == 1);
    drop();
    void* volatile memory = nullptr;
    CHECK(allocations_in([&] { memory = std::malloc(1); }) == 1);
    CHECK(allocations_in([&] { memory = std::realloc(memory, 100); }) == 1);
    std::free(memory);
    CHECK(allocations_in([&] { memory = std::calloc(1, 1); }) == 1);
    std::free(memory);
    CHECK(allocations_in([&] { memory = std::aligned_alloc(64, 64); }) == 1);
    std::free(memory);
    struct alignas(128) wide {
        char bytes[128];
    };
    wide* volatile w = nullptr;
    CHECK(allocations_in([&] { w = new wide; }) == 1);
    delete w;
}

TEST_CASE("predicting and training allocate nothing") {
    const auto e = std::make_unique<everything>();
    CHECK(allocations_in([&] { e->predict_one(); }) == 0);
    CHECK(allocations_in([&] { e->predict_one_on_the_stack(); }) == 0);
    CHECK(allocations_in([&] { e->predict_many(); }) == 0);
    CHECK(allocations_in([&] { e->predict_in_bytes(); }) == 0);
    CHECK(allocations_in([&] { e->train(); }) == 0);
    CHECK(e->outputs[0][0] > 0.0f);
}

TEST_CASE("predicting and training make no system call") {
    const auto e = std::make_unique<everything>();
    const auto all = [&] {
        e->predict_one();
        e->predict_one_on_the_stack();
        e->predict_many();
        e->predict_in_bytes();
        e->train();
    };
    if (without_system_calls([] {}) == outcome::not_possible) {
        MESSAGE("this system cannot forbid system calls (QEMU cannot): not looked at");
        return;
    }
    CHECK(without_system_calls([] { ::syscall(SYS_getppid); }) == outcome::killed);
    CHECK(without_system_calls(all) == outcome::survived);
}
