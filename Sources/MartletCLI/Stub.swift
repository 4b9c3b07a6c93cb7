enum MartletCLIStub {}
