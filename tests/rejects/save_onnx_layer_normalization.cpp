// EXPECT: ctnn::save_onnx: every layer must be one of the library's, and not layer_normalization
#include <ctnn/ctnn.hpp>
#include <ctnn/io/save_onnx.hpp>

#ifdef CORRECTED
using net = ctnn::network<ctnn::features<3>, ctnn::dense<2>, ctnn::batch_normalization<>>;
#else
using net = ctnn::network<ctnn::features<3>, ctnn::dense<2>, ctnn::layer_normalization<>>;
#endif

int main() {
    ctnn::save_onnx(net::parameters{}, "network.onnx");
}
