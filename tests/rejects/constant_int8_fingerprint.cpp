// EXPECT: ctnn::constant_int8: the fingerprint must be the network's; export its own parameters
#include <ctnn/ctnn.hpp>
#include <ctnn/quantization/quantized.hpp>

using namespace ctnn;

using net = quantized<network<features<3>, dense<4>>>;
#ifdef CORRECTED
constexpr std::uint64_t fingerprint = net::fingerprint;
#else
constexpr std::uint64_t fingerprint = 7;
#endif
constexpr constant_int8<fingerprint, rounding::tflite, net::stages::counts> w{};
int main() {
    net::predict(w, net::input{});
}
