/* config.h - the settings of a program: defaults, key file, environment, command line */
#pragma once

#include "base/option.h"

G_BEGIN_DECLS

/* UsConfig: every value of every group with the place it came from. Later sources win: defaults,
 * file, environment, command line. Values are checked when they are loaded, so that the getters
 * cannot fail. Owned by main(); not for several threads while it is being loaded. */
typedef struct UsConfig UsConfig;

#define US_CONFIG_MAX_FILE (1024 * 1024)

/* @groups: (element-type UsOptionGroup): static tables, ends with NULL */
UsConfig *us_config_new (const UsOptionGroup *const *groups);
void us_config_free (UsConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsConfig, us_config_free)

gboolean us_config_load_text (UsConfig *config, const char *name, const char *text, gsize size,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_config_load_file (UsConfig *config, const char *path,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_config_load_default_file (UsConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_config_load_environment (UsConfig *config, const char *const *environment,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_config_load_option (UsConfig *config, const char *own_group, const char *argument,
                                const char *next, gboolean *used_next,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For values the program itself works out (a port that the kernel chose). */
void us_config_set (UsConfig *config, const char *group, const char *key, const char *value);
void us_config_reset (UsConfig *config, const char *group, const char *key);
gboolean us_config_is_default (const UsConfig *config, const char *group, const char *key);
const char *us_config_get_source (const UsConfig *config, const char *group, const char *key);

/* A group or key that is not in the tables is a programmer's mistake. */
const char *us_config_get_string (const UsConfig *config, const char *group, const char *key);
gboolean us_config_get_bool (const UsConfig *config, const char *group, const char *key);
gint64 us_config_get_integer (const UsConfig *config, const char *group, const char *key);
gint64 us_config_get_duration_ms (const UsConfig *config, const char *group, const char *key);
char *us_config_get_address (const UsConfig *config, const char *group, const char *key,
                             guint16 *port);
GStrv us_config_get_list (const UsConfig *config, const char *group, const char *key);

char *us_config_print (const UsConfig *config);
char *us_config_print_set (const UsConfig *config);
char *us_config_describe_group (const UsConfig *config, const char *group, gboolean is_own);

G_END_DECLS
