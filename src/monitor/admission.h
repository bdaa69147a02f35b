/* admission.h - which request may begin now: budgets per host, in all, and fair turns */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_ADMISSION_MAX_HOSTS 10000 /* remembered without work */

typedef struct UsAdmission UsAdmission;

typedef enum { US_TICKET_IDLE, US_TICKET_WAITING, US_TICKET_RUNNING } UsTicketState;

/* UsTicket: one request, part of its owner; zeros at first. */
typedef struct {
  UsTicketState state;
  gpointer lane; /* private: of its stream at its host */
  GList link;    /* private: among those that wait in the lane */
} UsTicket;

/* The request behind @ticket begins now. */
typedef void (*UsAdmitted) (UsTicket *ticket, gpointer user_data);

UsAdmission *us_admission_new (guint max_per_host, guint max_requests, UsAdmitted admitted,
                               gpointer user_data);
void us_admission_free (UsAdmission *admission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsAdmission, us_admission_free)

/* @host: name and port, or what else has a budget; @stream: its id, or what else takes turns there;
 * @most: at a time there, if that is less than what every host may have. @ticket is idle. May call
 * back at once. */
void us_admission_enter (UsAdmission *admission, UsTicket *ticket, const char *host,
                         const char *stream, guint most);
/* How it ended. May call back at once. */
typedef enum { US_LEFT_ANSWERED, US_LEFT_HUNG, US_LEFT_UNWANTED } UsLeft;
void us_admission_leave (UsAdmission *admission, UsTicket *ticket, UsLeft how);
/* Whether the last answer of @host never came. */
gboolean us_admission_is_suspect (const UsAdmission *admission, const char *host);
void us_admission_get_counts (const UsAdmission *admission, guint *n_running, guint *n_waiting);

G_END_DECLS
