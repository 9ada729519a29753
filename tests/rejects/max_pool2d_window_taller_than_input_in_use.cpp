// EXPECT: ctnn::max_pool2d: the window must be at most as tall as its padded input
// NUMBERS: 3 <= 2
#include <ctnn/ctnn.hpp>

using net = ctnn::network<ctnn::shape<2, 4, 1>,
#ifdef CORRECTED
                          ctnn::max_pool2d<ctnn::window<2, 2>>,
#else
                          ctnn::max_pool2d<ctnn::window<3, 2>>,
#endif
                          ctnn::flatten, ctnn::dense<10>>;

int main() {
    static net::parameters w;
    static std::array<net::input, 4> x;
    static std::array<net::output, 4> y;
    static net::batch_workspace scratch;
    net::predict(w, x, y, scratch);
    y[0] = net::predict(w, x[0]);
    return static_cast<int>(w.values().size() + net::parameter_count + net::workspace_bytes);
}
