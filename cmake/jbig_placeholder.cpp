// Stands in for libjbig.so.0 in the relocatable archive and in the Docker image. Debian's libtiff
// loads JBIG-KIT, which is under the GPL and is therefore not carried. Reading a TIFF file with JBIG
// compression fails here with the message below; every other compression is libtiff's own.

#include <cstddef>

extern "C" {

constexpr int kFailed = 1;  // JBIG-KIT's success is 0

void jbg_enc_init(void*, unsigned long, unsigned long, int, unsigned char**, void*, void*) {}
void jbg_enc_out(void*) {}
void jbg_enc_free(void*) {}

void jbg_dec_init(void*) {}
int jbg_dec_in(void*, unsigned char*, std::size_t, std::size_t*) { return kFailed; }
unsigned char* jbg_dec_getimage(const void*, int) { return nullptr; }
long jbg_dec_getsize(const void*) { return 0; }
void jbg_dec_free(void*) {}

int jbg_newlen(unsigned char*, std::size_t) { return kFailed; }
const char* jbg_strerror(int) { return "this program is built without JBIG"; }
}
