/* gate.h - who may publish what: open to some addresses, by stream key, by callback */
#pragma once

#include "http/exposition.h"
#include "ingest/hook.h"
#include "ingest/keys-file.h"
#include "base/clock.h"
#include "rtmp/stream-name.h"

G_BEGIN_DECLS

/* Without keys file and callback: from where everybody may publish. */
typedef enum {
  US_OPEN_LOOPBACK, /* this machine */
  US_OPEN_PRIVATE,  /* and private networks */
  US_OPEN_ANY,
} UsOpenPublish;

typedef struct {
  const char *keys_file; /* (nullable) */
  UsOpenPublish open;
  UsHookSettings hook;
  const char *default_stream; /* for a publisher that names none */
} UsGateSettings;

/* UsGateResult: valid during the callback. */
typedef struct {
  gboolean is_admitted;
  const char *stream; /* of one that is admitted */
  guint priority;
  const char *key_id; /* (nullable) */
  const char *text;   /* of one that is not: for the peer; says nothing that helps to guess */
  gboolean is_logged; /* or is not to be */
} UsGateResult;

/* Called once, from inside us_gate_ask() or later. */
typedef void (*UsGateFunc) (const UsGateResult *result, gpointer user_data);

/* UsPass: a publisher from its request until it has gone. */
typedef struct UsPass UsPass;
typedef struct UsGate UsGate;

UsGate *us_gate_new (const UsGateSettings *settings, const UsClock *clock,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_gate_free (UsGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsGate, us_gate_free)
UsPass *us_gate_ask (UsGate *gate, const UsRtmpPublish *publish, const char *host, const char *peer,
                     UsGateFunc func, gpointer user_data);
void us_pass_free (UsPass *pass);
gboolean us_gate_poll (UsGate *gate);
gboolean us_gate_reload (UsGate *gate);
const char *us_pass_get_key_id (const UsPass *pass);
const char *us_pass_review (UsPass *pass, gboolean is_changed, guint *priority);
gboolean us_gate_is_idle (UsGate *gate);
void us_gate_render (UsGate *gate, UsExposition *out);

G_END_DECLS
