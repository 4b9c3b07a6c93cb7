#pragma once
#include <microhttpd.h>

// Swift cannot call variadic functions or pass options after the named parameters; these wrap the calls we need.

/// Called with the request target as it was sent, before libmicrohttpd splits or decodes it.
typedef void *(*martlet_target_callback)(void *context, const char *target, struct MHD_Connection *connection);

/// Starts a daemon with a thread of its own on a socket that listens already. It owns the socket from then on.
static inline struct MHD_Daemon *martlet_start_daemon(
    int listening_socket, size_t header_memory, unsigned int connections, unsigned int idle_seconds,
    MHD_AcceptPolicyCallback accept, martlet_target_callback target, MHD_AccessHandlerCallback advance,
    MHD_RequestCompletedCallback complete, void *context)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, accept, context, advance, context,
        MHD_OPTION_LISTEN_SOCKET, listening_socket,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, header_memory,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, target, context,
        MHD_OPTION_NOTIFY_COMPLETED, complete, context,
        MHD_OPTION_END);
}

/// The connection's socket, or -1.
static inline int martlet_connection_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/// A response with its own copy of the body.
static inline struct MHD_Response *martlet_create_response(const void *body, size_t count)
{
    return MHD_create_response_from_buffer(count, (void *)(count ? body : ""), MHD_RESPMEM_MUST_COPY);
}
