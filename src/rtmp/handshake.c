/* handshake.c - RTMP 1.0 section 5.2
 *
 * Both sides send one version byte and 1536 bytes, and echo the other's 1536 bytes. The plain echo
 * without digests is what every publisher accepts. Peers fill the fields in many ways, so only the
 * version byte is checked; when it is wrong, the error says what the peer seems to speak, since a
 * TLS or HTTP client on this port is a mistake somebody wants explained. Pure: the owner moves the
 * bytes and keeps the deadline, and frees the machine (1.5 KiB) once it is done.
 */
#include "rtmp/handshake.h"

#include <string.h>

#include "rtmp/bytes.h"
#include "rtmp/error.h"

#define RTMP_VERSION 3
#define BLOCK_BYTES 1536 /* C1, C2, S1 and S2 */
#define TLS_HANDSHAKE_RECORD 0x16

typedef enum {
  STEP_VERSION, /* C0 or S0 */
  STEP_RANDOM,  /* C1 or S1 */
  STEP_ECHO,    /* C2 or S2 */
  STEP_DONE,
} Step;

struct UsRtmpHandshake {
  UsRtmpSide side;
  Step step;
  guint8 block[BLOCK_BYTES]; /* the peer's C1 or S1 so far */
  gsize have;                /* bytes of the current block */
};

static void
append_version_and_random (GByteArray *out) {
  guint8 block[1 + BLOCK_BYTES] = { RTMP_VERSION };
  us_write_u32 (block + 1, (guint32)(g_get_monotonic_time () / 1000));
  /* Four zero bytes (no digest), then anything that differs between connections. */
  for (gsize i = 9; i < sizeof block; i += 4) {
    guint32 noise = g_random_int ();
    memcpy (block + i, &noise, MIN (sizeof noise, sizeof block - i));
  }
  g_byte_array_append (out, block, sizeof block);
}

/**
 * us_rtmp_handshake_new:
 * @side: which side this is
 * @out: (nullable): a client's first bytes are appended here; a server has nothing to say first
 *
 * Returns: (transfer full): a machine that waits for the peer's version byte
 */
UsRtmpHandshake *
us_rtmp_handshake_new (UsRtmpSide side, GByteArray *out) {
  g_return_val_if_fail (side == US_RTMP_SERVER || out != NULL, NULL);
  UsRtmpHandshake *handshake = g_new0 (UsRtmpHandshake, 1);
  handshake->side = side;
  if (side == US_RTMP_CLIENT)
    append_version_and_random (out);
  return handshake;
}

/**
 * us_rtmp_handshake_free:
 * @handshake: (nullable) (transfer full): a machine
 */
void
us_rtmp_handshake_free (UsRtmpHandshake *handshake) {
  g_free (handshake);
}

/**
 * us_rtmp_handshake_is_done:
 * @handshake: a machine
 *
 * Returns: %TRUE once chunks may be exchanged; bytes that are left belong to them
 */
gboolean
us_rtmp_handshake_is_done (const UsRtmpHandshake *handshake) {
  return handshake->step == STEP_DONE;
}

/* Compares as much of a request line as came in the first packet. */
static gboolean
looks_like_http (const guint8 *data, gsize size) {
  static const char *const verbs[]
      = { "GET ",     "POST ",  "HEAD ",      "PUT ",      "DELETE ",   "OPTIONS ", "PATCH ",
          "CONNECT ", "TRACE ", "PRI * HTTP", "DESCRIBE ", "ANNOUNCE ", "HTTP/1." };
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (memcmp (data, verbs[i], MIN (size, strlen (verbs[i]))) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_version (const guint8 *data, gsize size, GError **error) {
  if (data[0] == RTMP_VERSION)
    return TRUE;
  if (data[0] == TLS_HANDSHAKE_RECORD)
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS,
                         "a TLS handshake came where RTMP was expected: use rtmp:// instead of "
                         "rtmps://");
  else if (looks_like_http (data, size))
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_HTTP,
                         "an HTTP or RTSP request came where RTMP was expected: this is not the "
                         "port of the web server");
  else
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_VERSION,
                 "the first byte is 0x%02x, RTMP begins with 0x03%s", data[0],
                 data[0] == 6 || data[0] == 8 ? " (RTMPE is not supported: use rtmp://)" : "");
  return FALSE;
}

static void
take_version (UsRtmpHandshake *handshake, const guint8 **data, gsize *size) {
  (*data)++;
  (*size)--;
  handshake->step = STEP_RANDOM;
}

/* Collects the peer's block, then answers with its echo (and the server's own block before it). */
static void
take_random (UsRtmpHandshake *handshake, const guint8 **data, gsize *size, GByteArray *out) {
  gsize take = MIN (*size, BLOCK_BYTES - handshake->have);
  memcpy (handshake->block + handshake->have, *data, take);
  handshake->have += take;
  *data += take;
  *size -= take;
  if (handshake->have < BLOCK_BYTES)
    return;
  if (handshake->side == US_RTMP_SERVER)
    append_version_and_random (out);
  g_byte_array_append (out, handshake->block, BLOCK_BYTES);
  handshake->have = 0;
  handshake->step = STEP_ECHO;
}

static void
take_echo (UsRtmpHandshake *handshake, const guint8 **data, gsize *size) {
  gsize take = MIN (*size, BLOCK_BYTES - handshake->have);
  handshake->have += take;
  *data += take;
  *size -= take;
  if (handshake->have == BLOCK_BYTES)
    handshake->step = STEP_DONE;
}

/**
 * us_rtmp_handshake_push:
 * @handshake: a machine
 * @data: (inout): bytes from the peer; moved behind what was used
 * @size: (inout): how many; what is left when it is done belongs to the chunk reader
 * @out: what to send is appended here
 * @error: (out): US_RTMP_ERROR_TLS, _HTTP or _VERSION
 *
 * Returns: %FALSE when the peer does not speak RTMP
 */
gboolean
us_rtmp_handshake_push (UsRtmpHandshake *handshake, const guint8 **data, gsize *size,
                        GByteArray *out, GError **error) {
  while (*size > 0 && handshake->step != STEP_DONE) {
    switch (handshake->step) {
    case STEP_VERSION:
      if (!check_version (*data, *size, error))
        return FALSE;
      take_version (handshake, data, size);
      break;
    case STEP_RANDOM:
      take_random (handshake, data, size, out);
      break;
    case STEP_ECHO:
      take_echo (handshake, data, size);
      break;
    case STEP_DONE:
    default:
      break;
    }
  }
  return TRUE;
}
