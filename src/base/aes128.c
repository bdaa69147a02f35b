/* aes128.c - AES-128 in CBC mode with PKCS #7 padding, as HLS encrypts whole segments
 *
 * Pure, any thread. RFC 8216 4.3.2.4. A wrong key shows in the padding, nearly always; what gets
 * through is for whoever reads the media.
 */
#include "base/aes128.h"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <string.h>

/**
 * us_aes128_decrypt:
 * @data: at least one block
 *
 * Returns: (transfer full) (nullable): the plain bytes
 */
GBytes *
us_aes128_decrypt (GBytes *data, const guint8 key[US_AES128_SIZE],
                   const guint8 iv[US_AES128_SIZE]) {
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  struct aes128_ctx context;
  guint8 chain[US_AES128_SIZE];
  if (size == 0 || size % US_AES128_SIZE != 0)
    return NULL;
  g_autofree guint8 *plain = g_try_malloc (size);
  if (plain == NULL)
    return NULL;
  memcpy (chain, iv, sizeof chain);
  aes128_set_decrypt_key (&context, key);
  cbc_decrypt (&context, (nettle_cipher_func *)(void (*) (void))aes128_decrypt, US_AES128_SIZE,
               chain, size, plain, bytes);
  guint8 padding = plain[size - 1];
  if (padding == 0 || padding > US_AES128_SIZE)
    return NULL;
  for (gsize i = size - padding; i < size; i++)
    if (plain[i] != padding)
      return NULL;
  return g_bytes_new_take (g_steal_pointer (&plain), size - padding);
}
