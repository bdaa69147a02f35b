/* fuzz-rtmp-handshake.c - a peer's first bytes, to either side of a handshake
 *
 * The first byte says which side (bit 7) and in what portions the rest is pushed. Portions make no
 * difference to what is used, and no peer gets more out of it than the three blocks of the
 * specification: nobody can use the port to amplify. */
#include "fuzz-rtmp.h"
#include "rtmp/handshake.h"

#define BLOCK 1536

typedef struct {
  gboolean ok, is_done;
  gsize used, answered;
} Outcome;

static Outcome
shake (UsRtmpSide side, const guint8 *data, gsize size, gsize step) {
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (UsRtmpHandshake) handshake = us_rtmp_handshake_new (side, out);
  Outcome outcome = { .ok = TRUE };
  while (outcome.ok && outcome.used < size && !us_rtmp_handshake_is_done (handshake)) {
    gsize left = MIN (step, size - outcome.used), before = left;
    g_autofree guint8 *exact = fuzz_exact (data + outcome.used, left);
    const guint8 *p = exact;
    g_autoptr (GError) error = NULL;
    outcome.ok = us_rtmp_handshake_push (handshake, &p, &left, out, &error);
    if (outcome.ok != (error == NULL))
      g_error ("result and error disagree");
    if (outcome.ok && left > 0 && !us_rtmp_handshake_is_done (handshake))
      g_error ("bytes left over");
    outcome.used += before - left;
  }
  outcome.is_done = us_rtmp_handshake_is_done (handshake);
  outcome.answered = out->len;
  if (out->len != 0 && out->len != 1 + BLOCK && out->len != 1 + 2 * BLOCK)
    g_error ("an answer of %u bytes", out->len);
  if (side == US_RTMP_SERVER && out->len > 0 && outcome.used < 1 + BLOCK)
    g_error ("an answer to half a block");
  if (outcome.is_done && outcome.used != 1 + 2 * BLOCK)
    g_error ("done after %" G_GSIZE_FORMAT " bytes", outcome.used);
  return outcome;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  if (size < 2)
    return 0;
  UsRtmpSide side = (data[0] & 0x80) != 0 ? US_RTMP_CLIENT : US_RTMP_SERVER;
  Outcome whole = shake (side, data + 1, size - 1, size);
  Outcome parts = shake (side, data + 1, size - 1, (data[0] & 0x7f) + 1u);
  if (whole.ok != parts.ok || whole.is_done != parts.is_done || whole.answered != parts.answered
      || (whole.ok && whole.used != parts.used))
    g_error ("portions make a difference");
  return 0;
}
