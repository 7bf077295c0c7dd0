#include "workunits/hdf5/confine.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <initializer_list>

namespace picube::hdf5 {
namespace {

// A chunk and its unpacked twin, the chunk cache, the largest answer, the library itself.
constexpr rlim_t kMemory = 768U << 20;

void Limit(int resource, rlim_t most) {
  const rlimit limit{most, most};
  ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

}  // namespace

bool Confine() {
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they need terabytes of addresses
  Limit(RLIMIT_AS, kMemory);
#endif
  Limit(RLIMIT_FSIZE, 0);
  Limit(RLIMIT_CORE, 0);
  ::prctl(PR_SET_DUMPABLE, 0);
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return false;
  bool good = true;
  for (const int call : {SCMP_SYS(read),           SCMP_SYS(pread64),
                         SCMP_SYS(write),          SCMP_SYS(sendto),
                         SCMP_SYS(recvfrom),       SCMP_SYS(fstat),
                         SCMP_SYS(newfstatat),     SCMP_SYS(lseek),
                         SCMP_SYS(close),          SCMP_SYS(brk),
                         SCMP_SYS(munmap),         SCMP_SYS(mremap),
                         SCMP_SYS(madvise),        SCMP_SYS(futex),
                         SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),
                         SCMP_SYS(setitimer),      SCMP_SYS(rt_sigreturn),
                         SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
                         SCMP_SYS(exit),           SCMP_SYS(exit_group)}) {
    good = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0 && good;
  }
  // Memory, but none to be run.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    good = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0)) == 0 &&
           good;
  }
  good = good && ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return good;
}

}  // namespace picube::hdf5
