// Debian keeps the header in a folder of its own; others put it on the include path.
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif

// Swift imports no character constants.
static const int martlet_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int martlet_diag_message = PG_DIAG_MESSAGE_PRIMARY;
static const int martlet_diag_detail = PG_DIAG_MESSAGE_DETAIL;
static const int martlet_diag_constraint = PG_DIAG_CONSTRAINT_NAME;
static const int martlet_diag_source_function = PG_DIAG_SOURCE_FUNCTION;
