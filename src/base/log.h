/* log.h - structured log lines with a topic per file and a stable id per event */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A source file says its topic before it includes this header:
 *
 *   #define US_LOG_TOPIC "rtmp.connection"
 *   #include "base/log.h"
 *
 * Levels, and who reads them:
 *   error    the role cannot go on; a person must act
 *   warning  something is wrong, the role copes; a person should look
 *   notice   an event an operator wants on the time line (publish, switch, restart)
 *   info     a step worth reading when following one stream
 *   debug    for developers; never one line per buffer
 */
typedef enum {
  US_LOG_ERROR,
  US_LOG_WARNING,
  US_LOG_NOTICE,
  US_LOG_INFO,
  US_LOG_DEBUG,
} UsLogLevel;

typedef enum {
  US_LOG_FORMAT_TEXT, /* time, level, role, topic, text: for a terminal */
  US_LOG_FORMAT_JSON, /* one object per line: for log collectors */
} UsLogFormat;

void us_log_unblock (int fd);
gssize us_log_put (int fd, const char *data, gsize size);
void us_log_init (const char *role, UsLogLevel level, UsLogFormat format);
gboolean us_log_level_from_string (const char *text, UsLogLevel *level);
gboolean us_log_is_enabled (UsLogLevel level);
void us_log (UsLogLevel level, const char *topic, const char *event, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* `event` is one of the US_EVENT_* ids of base/names.h: dashboards and tests match on it, so it
 * stays when the sentence is reworded. */
#define us_event(level, event, ...) us_log ((level), US_LOG_TOPIC, (event), __VA_ARGS__)
#define us_error(...) us_log (US_LOG_ERROR, US_LOG_TOPIC, NULL, __VA_ARGS__)
#define us_warning(...) us_log (US_LOG_WARNING, US_LOG_TOPIC, NULL, __VA_ARGS__)
#define us_notice(...) us_log (US_LOG_NOTICE, US_LOG_TOPIC, NULL, __VA_ARGS__)
#define us_info(...) us_log (US_LOG_INFO, US_LOG_TOPIC, NULL, __VA_ARGS__)
#define us_debug(...)                                                                              \
  do {                                                                                             \
    if (us_log_is_enabled (US_LOG_DEBUG))                                                          \
      us_log (US_LOG_DEBUG, US_LOG_TOPIC, NULL, __VA_ARGS__);                                      \
  } while (0)

G_END_DECLS
