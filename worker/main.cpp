#include "worker/worker.h"
#include "workunits/applications.h"

int main(int argc, char** argv) {
  picube::ApplicationRegistry applications;
  picube::AddBuiltInApplications(applications);
  return picube::WorkerMain(argc, argv, applications);
}
