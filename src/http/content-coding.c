/* content-coding.c - undoes the gzip coding of a body, and no more of it than is wanted
 *
 * Pure. A few kilobytes of gzip can stand for gigabytes, so what comes out is counted while it
 * comes, never trusted beforehand.
 */
#include "http/content-coding.h"

#include <string.h>

#define FIRST_STEP 16384

/**
 * us_content_coding_is_gzip:
 * @content_encoding: (nullable): the header (RFC 9110 8.4); several codings are not undone
 */
gboolean
us_content_coding_is_gzip (const char *content_encoding) {
  return content_encoding != NULL
         && (g_ascii_strcasecmp (content_encoding, "gzip") == 0
             || g_ascii_strcasecmp (content_encoding, "x-gzip") == 0);
}

/**
 * us_content_coding_gunzip:
 * @coded: one gzip member (RFC 1952); what follows it is ignored
 * @max_bytes: of the result
 *
 * Returns: (transfer full) (nullable): the content; %NULL with %G_IO_ERROR_NO_SPACE when it is
 *   longer, %G_IO_ERROR_PARTIAL_INPUT when it ends too early, %G_IO_ERROR_INVALID_DATA
 */
GBytes *
us_content_coding_gunzip (GBytes *coded, gsize max_bytes, GError **error) {
  g_autoptr (GZlibDecompressor) gzip = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  gsize n_coded, n_read = 0, n_done = 0;
  const guint8 *in = g_bytes_get_data (coded, &n_coded);
  if (in == NULL) /* no bytes; an offset to no pointer is undefined */
    in = (const guint8 *)"";
  gsize capacity = MIN (max_bytes + 1, MAX (FIRST_STEP, MIN (n_coded, max_bytes) * 2));
  g_autofree guint8 *out = g_try_malloc (capacity);

  while (out != NULL) {
    gsize taken = 0, made = 0;
    GConverterResult result
        = g_converter_convert (G_CONVERTER (gzip), in + n_read, n_coded - n_read, out + n_done,
                               capacity - n_done, G_CONVERTER_INPUT_AT_END, &taken, &made, error);

    if (result == G_CONVERTER_ERROR)
      return NULL;
    n_read += taken;
    n_done += made;
    if (n_done > max_bytes)
      break;
    if (result == G_CONVERTER_FINISHED)
      return g_bytes_new_take (g_steal_pointer (&out), n_done);
    if (n_done == capacity) {
      capacity = MIN (max_bytes + 1, capacity * 2);
      guint8 *bigger = g_try_realloc (out, capacity);
      if (bigger == NULL)
        break;
      out = bigger;
    }
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "the content is longer than %" G_GSIZE_FORMAT " bytes", max_bytes);
  return NULL;
}
