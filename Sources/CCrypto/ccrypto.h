/* SHA-256 alone, of all that libcrypto has. */
#include <openssl/evp.h>
