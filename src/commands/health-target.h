/* health-target.h - what `understudy healthcheck` asks for each role, and what an answer means */
#pragma once

#include "base/config.h"

G_BEGIN_DECLS

/* How a thing shows that it is there.
 * US_HEALTH_HTTP: it answers a URL
 * US_HEALTH_RTMP: it answers an RTMP handshake
 * US_HEALTH_CONNECTION: it has a connection; for roles that listen nowhere */
typedef enum {
  US_HEALTH_HTTP,
  US_HEALTH_RTMP,
  US_HEALTH_CONNECTION,
} UsHealthKind;

/* @name: for people: the role's name, or the URL that was given
 * @url: what is asked, or where the connection goes */
typedef struct {
  UsHealthKind kind;
  char *name, *url;
} UsHealthTarget;

void us_health_target_free (UsHealthTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHealthTarget, us_health_target_free)

const char *us_health_role_of (const char *const *arguments, guint *n_used, const char **command);
GPtrArray *us_health_targets_of_role (const UsConfig *config, const char *role,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
UsHealthTarget *us_health_target_of_url (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_health_judge (const UsHealthTarget *target, guint status, const char *body, gsize size,
                          gboolean must_serve, char **why) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_health_has_connection (const char *table, guint16 port);

G_END_DECLS
