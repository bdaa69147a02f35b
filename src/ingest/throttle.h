/* throttle.h - how often one address may guess a stream key */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_THROTTLE_MAX 1024 /* addresses remembered */
#define US_THROTTLE_FREE 5   /* different wrong keys before any wait */
#define US_THROTTLE_MAX_WAIT_US (60 * (gint64)G_USEC_PER_SEC)
#define US_THROTTLE_FORGET_US (600 * (gint64)G_USEC_PER_SEC) /* after the last failure */
#define US_THROTTLE_LOG_US                                                                         \
  (60 * (gint64)G_USEC_PER_SEC) /* between two log lines of one address                            \
                                 */

typedef struct UsThrottle UsThrottle;

UsThrottle *us_throttle_new (void);
void us_throttle_free (UsThrottle *throttle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsThrottle, us_throttle_free)
gboolean us_throttle_may_try (UsThrottle *throttle, const char *host, gint64 now_us);
gboolean us_throttle_knows (UsThrottle *throttle, const char *host, const char *secret);
void us_throttle_forget_keys (UsThrottle *throttle);
void us_throttle_fail (UsThrottle *throttle, const char *host, const char *secret, gint64 now_us);
/* Returns: whether a refusal of this address is to be logged; @hidden: (out): how many were not
 * since the last one that was */
gboolean us_throttle_may_log (UsThrottle *throttle, const char *host, gint64 now_us, guint *hidden);
guint us_throttle_get_n (UsThrottle *throttle);

G_END_DECLS
