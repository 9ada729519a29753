// Dense layers.
#include "layers.hpp"

namespace bench {

using ctnn::dense, ctnn::features;

std::vector<layer> dense_layers() {
    return {
        of<features<10>, dense<10>>("dense 10->10"),
        of<features<84>, dense<10>>("dense 84->10 (LeNet-5)"),
        of<features<120>, dense<84>>("dense 120->84 (LeNet-5)"),
        of<features<400>, dense<120>>("dense 400->120 (LeNet-5)"),
        of<features<784>, dense<128>>("dense 784->128"),
        of<features<1024>, dense<1000>>("dense 1024->1000"),
    };
}

}  // namespace bench
