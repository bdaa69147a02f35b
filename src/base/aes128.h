/* aes128.h - AES-128 in CBC mode with PKCS #7 padding, as HLS encrypts whole segments */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_AES128_SIZE 16 /* bytes of a key and of an initialisation vector */

/* Returns: (transfer full) (nullable): %NULL: no whole blocks, or the padding is wrong */
GBytes *us_aes128_decrypt (GBytes *data, const guint8 key[US_AES128_SIZE],
                           const guint8 iv[US_AES128_SIZE]);

G_END_DECLS
