// Training, folding and classifying, for either network: train.cpp asks for one of them, and each
// is compiled in a file of its own.
#pragma once

#include "../training_program.hpp"

#include <ctnn/io.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

struct arguments {
    training_arguments training;
    std::string network, data, save_folded;
    std::size_t sounds = 6000, shown = 5;
};

int train_resnet8(const arguments&);
int train_ds_cnn(const arguments&);

/// What the folded network says of all test images, beside the trained one; then of some of them.
template <class Network, class Data, std::size_t Classes>
void classify(const arguments& a, const ctnn::parameters<Network>& trained, const Data& test,
              const std::array<const char*, Classes>& names) {
    using net = ctnn::folded<Network>;
    const auto w = std::make_unique<typename net::parameters>(ctnn::fold(trained));
    std::printf("folded: %zu of %zu parameters, %zu bytes of workspace\n", net::parameter_count,
                Network::parameter_count, net::workspace_bytes);
    if (!a.save_folded.empty()) {
        ctnn::save(*w, a.save_folded);
        ctnn::load(*w, a.save_folded);  // from here on with what is in the file
        std::printf("saved to %s\n", a.save_folded.c_str());
    }

    std::vector<typename net::output> before(test.size()), after(test.size());
    ctnn::predict(trained, test.inputs, before, {.threads = a.training.threads});
    ctnn::predict(*w, test.inputs, after, {.threads = a.training.threads});
    std::size_t right = 0;
    float difference = 0.0f;
    for (std::size_t n = 0; n < test.size(); ++n) {
        right += after[n].argmax() == static_cast<std::size_t>(test.targets[n]);
        for (std::size_t i = 0; i < Classes; ++i)
            difference = std::max(difference, std::abs(before[n][i] - after[n][i]));
    }
    std::printf("folded: %zu of %zu right, probabilities at most %.1e from those before\n", right,
                test.size(), static_cast<double>(difference));
    const auto scratch = std::make_unique<typename net::workspace>();
    for (std::size_t n = 0; n < std::min(a.shown, test.size()); ++n) {
        const typename net::output p = net::predict(*w, test.inputs[n], *scratch);
        const auto label = static_cast<std::size_t>(test.targets[n]);
        std::printf("%zu: %s, and the network says %s (%.3f)%s\n", n, names[label],
                    names[p.argmax()], static_cast<double>(p[p.argmax()]),
                    p.argmax() == label ? "" : "  <- wrong");
    }
}

/// All of it. `make_data` returns two datasets, to learn from and to test with.
template <class Network, class MakeData, class Names>
int train(const arguments& a, const MakeData& make_data, const Names& names) {
    if (!a.save_folded.empty()) ctnn::require_writable(a.save_folded);
    const auto w = first_weights<Network>(a.training);
    const auto [learned, tested] = make_data();
    const int code = train_and_save(a.training, *w, learned, tested);
    if (code == 0) classify(a, *w, tested, names);
    return code;
}
