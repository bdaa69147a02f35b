/* option.h - what a setting is: its name, type, default, limits and help, and whether a text fits
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* US_OPTION_DURATION: "500ms", "2s", "2.5s", "5min", "1h"; a bare number means seconds
 * US_OPTION_ADDRESS:  "0.0.0.0:8080", "[::1]:8080", "localhost:8080"; port 0 means any free port
 * US_OPTION_URL:      one of the schemes in UsOption.choices, with a host
 * US_OPTION_LIST:     URLs like US_OPTION_URL, separated by ';'
 * US_OPTION_ROUTES:   the same, each with NAME= in front if it is for the stream NAME only */
typedef enum {
  US_OPTION_STRING,
  US_OPTION_BOOL,
  US_OPTION_INTEGER,
  US_OPTION_DURATION,
  US_OPTION_ADDRESS,
  US_OPTION_URL,
  US_OPTION_LIST,
  US_OPTION_ROUTES,
  US_OPTION_CHOICE,
} UsOptionType;

/* UsOption: one row of a static table. An option whose default is empty may be set to empty.
 * @min, @max: integers; milliseconds of a duration; @max also the longest string (0: 4096)
 * @choices: (nullable): the words of a choice, the schemes of a URL; ends with NULL
 * @environment: (nullable): variable that sets it too
 * @help: one sentence without a full stop */
typedef struct {
  const char *key;
  UsOptionType type;
  const char *fallback;
  gint64 min, max;
  const char *const *choices;
  const char *environment;
  const char *help;
} UsOption;

/* UsOptionGroup: one [group] of the configuration file.
 * @options: ends with a row whose key is NULL
 * @defaults: (nullable): key, value pairs ending with NULL, where this group's defaults differ from
 *   the table's, so that two instances of a role share one table */
typedef struct {
  const char *name;
  const char *help;
  const UsOption *options;
  const char *const *defaults;
} UsOptionGroup;

#define US_CONFIG_ERROR us_config_error_quark ()
typedef enum {
  US_CONFIG_ERROR_VALUE,   /* a known setting with a value that does not fit */
  US_CONFIG_ERROR_UNKNOWN, /* no such group, key, option or argument */
  US_CONFIG_ERROR_SYNTAX,  /* a line of the file that is none of the three kinds */
  US_CONFIG_ERROR_FILE,    /* cannot be read, too large, not text */
} UsConfigError;
GQuark us_config_error_quark (void);

const char *us_option_get_default (const UsOptionGroup *group, const UsOption *option);
gboolean us_option_check (const UsOption *option, const char *value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_option_describe_type (const UsOption *option);

/* Parsers behind us_option_check(), for the typed getters. */
gboolean us_option_parse_duration (const char *text, gint64 *ms);
gboolean us_option_parse_address (const char *text, char **host, guint16 *port);
gboolean us_option_parse_bool (const char *text, gboolean *value);
char *us_option_format_duration (gint64 ms);

const char *us_option_nearest (const char *word, const char *const *words);

G_END_DECLS
