/* chain.h - the processes a drill is about: started by it, or somebody else's */
#pragma once

#include <gio/gio.h>

#include "drill/health.h"
#include "drill/table.h"

G_BEGIN_DECLS

typedef enum {
  US_CHAIN_OWN,      /* `understudy run` and a publisher of its own */
  US_CHAIN_SWITCHER, /* only `understudy switcher`, in front of somebody's origins */
  US_CHAIN_LIVE,     /* an `understudy run` that runs already */
} UsChainKind;

/* @program: this program
 * @environment: for children
 * @config_path: a configuration file that holds everything, for children
 * @status_path: run.json of own and live chains
 * @log_fd: standard output and error of children; borrowed
 * @viewer_url, @switcher_url: of US_CHAIN_SWITCHER; else they come from run.json
 * @pid_files: of packagers, encoder and ingest of US_CHAIN_SWITCHER; each nullable */
typedef struct {
  UsChainKind kind;
  const char *program;
  const char *const *environment;
  const char *config_path, *status_path;
  int log_fd;
  const char *viewer_url, *switcher_url;
  const char *packager_pid_files[US_N_SIDES], *encoder_pid_file, *ingest_pid_file;
} UsChainSettings;

/* Names of roles in run.json. */
#define US_CHAIN_PRIMARY "packager-primary"
#define US_CHAIN_BACKUP "packager-backup"
#define US_CHAIN_INGEST "ingest"
#define US_CHAIN_ENCODER "publish"

typedef struct UsChain UsChain;

UsChain *us_chain_new (const UsChainSettings *settings);
gboolean us_chain_start (UsChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_chain_look (UsChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_chain_is_up (const UsChain *chain);
const char *us_chain_get_viewer (const UsChain *chain);
const char *us_chain_get_switcher (const UsChain *chain);
const char *us_chain_get_origin (const UsChain *chain, UsSide side);
gboolean us_chain_has (UsChain *chain, UsDrillNeed need, UsSide side);
gboolean us_chain_signal (UsChain *chain, UsDrillNeed need, UsSide side, int number,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_chain_start_encoder (UsChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_chain_stop (UsChain *chain);
void us_chain_free (UsChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsChain, us_chain_free)

G_END_DECLS
