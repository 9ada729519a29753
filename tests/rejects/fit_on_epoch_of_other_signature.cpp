// EXPECT: ctnn::fit: .on_epoch must be callable as bool(std::size_t epoch, const epoch_result& result)
#include <ctnn/training.hpp>

using net = ctnn::network<ctnn::shape<4, 4, 1>, ctnn::flatten, ctnn::dense<3>, ctnn::softmax>;

int main() {
    ctnn::dataset<net::input> data;
    net::parameters w{};
    ctnn::sgd<net> optimizer;
#ifdef CORRECTED
    const auto on_epoch = [](std::size_t epoch, const ctnn::epoch_result&) { return epoch < 3; };
#else
    const auto on_epoch = [](const ctnn::epoch_result&) {};
#endif
    ctnn::fit(w, optimizer, data, {.epochs = 2, .on_epoch = on_epoch});
}
