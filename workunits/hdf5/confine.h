// Gives up, for ever, what a program that reads a hostile file must not have: new files, network,
// other programs, new privileges, much memory, core dumps. What it still may do is to read and
// write its open descriptors and to use its memory.
#pragma once

namespace picube::hdf5 {

// False if the kernel does not offer it (under an emulator, for one): then only the limits of
// memory and files hold.
bool Confine();

}  // namespace picube::hdf5
