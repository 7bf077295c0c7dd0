// A plugin of qemu's user mode emulation: counts the instructions that the program executes, and
// writes the count down each time the program marks a place (mark.h).
//
//   qemu-aarch64 -plugin count.so,to=FILE PROGRAM: lines "CODE INSTRUCTIONS" in FILE
//
// Debian has no header for these plugins; the prototypes are those of version 1 of their interface
// (qemu 7.2).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct translation_block;

enum { kInlineAddU64 = 0 };
enum { kPrctl = 167 };           // the number of the system call on arm64
static const uint64_t kMark = 0x50494355;  // mark.h

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id,
                                                  void (*)(plugin_id, struct translation_block*));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct translation_block*, int operation,
                                                     void* where, uint64_t add);
extern size_t qemu_plugin_tb_n_insns(const struct translation_block*);
extern void qemu_plugin_register_vcpu_syscall_cb(
    plugin_id, void (*)(plugin_id, unsigned vcpu, int64_t number, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t instructions;
static FILE* to;

static void Translated(plugin_id id, struct translation_block* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, kInlineAddU64, &instructions,
                                           qemu_plugin_tb_n_insns(block));
}

static void Called(plugin_id id, unsigned vcpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                   uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)vcpu, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != kPrctl || a != kMark) return;
  fprintf(to, "%llu %llu\n", (unsigned long long)b, (unsigned long long)instructions);
  fflush(to);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void* info,
                                                               int count, char** arguments) {
  (void)info;
  if (count != 1 || strncmp(arguments[0], "to=", 3) != 0) {
    fputs("count: give to=FILE\n", stderr);
    return 1;
  }
  to = fopen(arguments[0] + 3, "w");
  if (to == NULL) {
    perror("count: cannot write the file of counts");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translated);
  qemu_plugin_register_vcpu_syscall_cb(id, Called);
  return 0;
}
