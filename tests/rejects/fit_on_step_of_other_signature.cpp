// EXPECT: ctnn::fit: .on_step must be callable as bool(std::size_t epoch, std::size_t step)
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
#ifdef CORRECTED
    const auto on_step = [](std::size_t, std::size_t step) { return step < 3; };
#else
    const auto on_step = [](std::size_t step) { return step < 3; };
#endif
    ctnn::fit(w, optimizer, data, {.epochs = 2, .on_step = on_step});
}
