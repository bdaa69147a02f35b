/* names.h - every name that people and programs outside the code rely on, in one place */
#pragma once

#define US_PROGRAM "understudy"
#define US_DEFAULT_STREAM "mystream"
#define US_CONFIG_GENERAL "general" /* the group of settings that all roles share */

/* Environment of child processes and of service managers. */
#define US_ENV_CONFIG "UNDERSTUDY_CONFIG"
#define US_ENV_PIPELINES "UNDERSTUDY_PIPELINES" /* folder of the *.launch texts */

/* Event ids of log lines (docs/reference/log-events.md). */
#define US_EVENT_PUBLISH_START "publish-start"
#define US_EVENT_PUBLISH_END "publish-end"
#define US_EVENT_PUBLISH_REFUSED "publish-refused"
#define US_EVENT_PUBLISH_TAKEOVER "publish-takeover"
#define US_EVENT_PUBLISHER_SWITCH "publisher-switch"
#define US_EVENT_PUBLISHER_SILENT "publisher-silent"
#define US_EVENT_EPOCH "epoch-start"
#define US_EVENT_KEYFRAME_INTERVAL "keyframe-interval-long"
#define US_EVENT_CLOCK_STEP "clock-step"
#define US_EVENT_STATE_UNSAFE "state-unsafe"
#define US_EVENT_RELAY_UP "relay-up"
#define US_EVENT_RELAY_DOWN "relay-down"
#define US_EVENT_RELAY_LOST "relay-segments-lost"
#define US_EVENT_NOT_RTMP "not-rtmp"
#define US_EVENT_PACKAGER_PIPELINE "packager-pipeline"
#define US_EVENT_PACKAGER_SLOW "packager-slow"
#define US_EVENT_PICTURES_MISSING "pictures-missing"
#define US_EVENT_PACKAGER_SILENT "packager-input-silent"
#define US_EVENT_ORIGIN_STATE "origin-state"
#define US_EVENT_SWITCH "switch"
#define US_EVENT_JOIN "join"
#define US_EVENT_ORIGIN_CLOCK "origin-clock-step"
#define US_EVENT_DIVERGENCE "divergence"
#define US_EVENT_ROLE_START "role-start"
#define US_EVENT_ROLE_EXIT "role-exit"
#define US_EVENT_ROLE_HUNG "role-hung"
#define US_EVENT_CONTROL "control"
#define US_EVENT_CONTROL_REFUSED "control-refused"
#define US_EVENT_CONTROL_EXPIRED "control-expired"
#define US_EVENT_BUS "bus"
#define US_EVENT_DRILL "drill"
#define US_EVENT_INCIDENT "incident"
#define US_EVENT_NOTIFICATION "notification"
#define US_EVENT_STORE_TROUBLE "store-trouble"
#define US_EVENT_STORE_RECOVERED "store-recovered"
#define US_EVENT_STORE_CORRUPT "store-corrupt"
