import FUSEServer
import Testing

@Suite struct FUSEMountTests {
    @Test func theDataOfAMountSayWhoseItIs() {
        var options = FUSEMount.Options()
        #expect(
            FUSEMount.mountData(descriptor: 5, uid: 7, gid: 8, options)
                == "fd=5,rootmode=40000,user_id=7,group_id=8,default_permissions"
        )
        options.allowsOthers = true
        #expect(
            FUSEMount.mountData(descriptor: nil, uid: 0, gid: 0, options)
                == "rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other"
        )
    }
}
