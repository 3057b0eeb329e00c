/* SHA-256 alone, of all that libcrypto has; by the functions that need nothing set up. The others
 * read a file of settings first, and build tables of every algorithm, which takes longer than the
 * hash of a small package. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
