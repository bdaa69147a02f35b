/* options.h - the tables of all settings of all commands */
#pragma once

#include "base/config.h"
#include "base/names.h"

G_BEGIN_DECLS

/* Group names, also the prefix of --group.key. */
#define US_GROUP_GENERAL US_CONFIG_GENERAL
#define US_GROUP_RUN "run"
#define US_GROUP_INGEST "ingest"
#define US_GROUP_PRIMARY "packager-primary"
#define US_GROUP_BACKUP "packager-backup"
#define US_GROUP_ORIGIN "origin"
#define US_GROUP_SWITCHER "switcher"
#define US_GROUP_PUBLISH "publish"
#define US_GROUP_PULL "pull"
#define US_MAX_PULLS 16 /* of `understudy run` */
#define US_GROUP_CTL "ctl"
#define US_GROUP_CHECK "check"
#define US_GROUP_DRILL "drill"
#define US_GROUP_HEALTHCHECK "healthcheck"
#define US_GROUP_MONITOR "monitor"

extern const UsOptionGroup *const us_option_groups[];

G_END_DECLS
