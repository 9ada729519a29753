// EXPECT: ctnn::layer: every extent of the input must be at least 1
// NUMBERS: 1 <= 0
#include <ctnn/ctnn.hpp>

#ifdef CORRECTED
using layer = ctnn::dense<10>::on<ctnn::features<84>>;
#else
using layer = ctnn::dense<10>::on<ctnn::features<0>>;
#endif
layer::parameters w;
