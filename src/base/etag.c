/* etag.c - SHA-256 by nettle; pure, any thread
 *
 * Two origins are twins when their tags agree, so a tag must be a function of the bytes alone and
 * safe against segments made to collide. Every segment is hashed by each packager and again by the
 * switcher, which made GLib's GChecksum the largest single cost of both (18 % and 44 %); nettle is
 * several times as fast and is on every system that has GnuTLS.
 */
#include "base/etag.h"

#include <nettle/sha2.h>

/**
 * us_etag:
 * @bytes: a representation, whole
 *
 * Returns: (transfer full): a strong entity tag with its quotes (RFC 9110 8.8.3): the SHA-256 in
 *   lower case hex
 */
char *
us_etag (GBytes *bytes) {
  struct sha256_ctx context;
  guint8 digest[SHA256_DIGEST_SIZE];
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  sha256_init (&context);
  sha256_update (&context, size, data);
  sha256_digest (&context, sizeof digest, digest);
  GString *tag = g_string_sized_new (2 * sizeof digest + 2);
  g_string_append_c (tag, '"');
  for (gsize i = 0; i < sizeof digest; i++)
    g_string_append_printf (tag, "%02x", digest[i]);
  g_string_append_c (tag, '"');
  return g_string_free (tag, FALSE);
}
