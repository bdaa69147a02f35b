/* demo.h - a small chain of its own in a process beside the desk: something to watch at once */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_DEMO_ERROR us_demo_error_quark ()
typedef enum {
  US_DEMO_ERROR_IMPOSSIBLE, /* not here, or not as this desk is set */
  US_DEMO_ERROR_FAILED,     /* it was started; says why there is nothing to watch */
} UsDemoError;
GQuark us_demo_error_quark (void);

/* UsDemoSettings: strings are copied.
 * @program: (nullable): called as `PROGRAM run --config FILE --status-file=FILE`; %NULL: none
 * @config: (nullable): what is in that file: free ports of loopback, a test picture
 * @folder: (nullable): of the demo alone: emptied before and removed after it
 * @environment: (nullable): of the chain; %NULL: as ours */
typedef struct {
  const char *program, *config, *folder;
  const char *const *environment;
} UsDemoSettings;

typedef struct {
  /* There is something to watch, at this address. */
  void (*on_ready) (const char *viewer_url, gpointer user_data);
  /* It could not be started, or ended by itself, now or later. Not after us_demo_stop(). */
  void (*on_failed) (const GError *error, gpointer user_data);
} UsDemoHandler;

/* UsDemo: use in the main thread. */
typedef struct UsDemo UsDemo;

UsDemo *us_demo_new (const UsDemoSettings *settings, const UsDemoHandler *handler,
                     gpointer user_data);
void us_demo_start (UsDemo *demo);
void us_demo_stop (UsDemo *demo);
gboolean us_demo_is_ready (const UsDemo *demo);
void us_demo_free (UsDemo *demo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDemo, us_demo_free)

G_END_DECLS
