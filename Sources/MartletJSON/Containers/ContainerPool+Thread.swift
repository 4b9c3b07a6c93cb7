#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

extension ContainerPool {
    /// Frees a thread's pool when the thread ends.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key) { (pool: UnsafeMutableRawPointer?) in
            if let pool { Unmanaged<ContainerPool>.fromOpaque(pool).release() }
        }
        precondition(status == 0, "no thread-specific key is left")
        return key
    }()

    /// The pool of the calling thread. A decoding never leaves its thread: no `async` function is part of it.
    static var current: ContainerPool {
        guard let pool = pthread_getspecific(key) else { return first() }
        return Unmanaged<ContainerPool>.fromOpaque(pool).takeUnretainedValue()
    }

    @inline(never)
    private static func first() -> ContainerPool {
        let pool = ContainerPool()
        pthread_setspecific(key, Unmanaged.passRetained(pool).toOpaque())
        return pool
    }
}
