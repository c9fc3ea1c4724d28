"""What is called in libkrb5, as krb5.h declares it (MIT krb5 1.19 and later; these functions and structures are its stable ABI)."""

from typing import Final

DECLARATIONS: Final = """
typedef int32_t krb5_error_code;
typedef int32_t krb5_int32;
typedef int32_t krb5_flags;
typedef int32_t krb5_deltat;
typedef uint32_t krb5_timestamp;  /* signed in krb5.h, and unsigned in meaning since 1.16 (doc/y2038.rst) */
typedef int32_t krb5_enctype;
typedef int32_t krb5_magic;
typedef unsigned int krb5_kvno;
typedef unsigned int krb5_boolean;

typedef struct _krb5_context *krb5_context;
typedef struct _krb5_init_creds_context *krb5_init_creds_context;
typedef struct _krb5_tkt_creds_context *krb5_tkt_creds_context;
typedef struct _krb5_auth_context *krb5_auth_context;
typedef struct _krb5_kt *krb5_keytab;
typedef struct _krb5_ccache *krb5_ccache;
typedef struct _krb5_get_init_creds_opt krb5_get_init_creds_opt;
typedef struct _krb5_rc_st *krb5_rcache;
typedef struct krb5_pac_data *krb5_pac;

typedef struct { krb5_magic magic; unsigned int length; char *data; } krb5_data;
typedef struct { krb5_magic magic; krb5_enctype enctype; unsigned int length; unsigned char *contents; } krb5_keyblock;
typedef struct { krb5_magic magic; krb5_data realm; krb5_data *data; krb5_int32 length; krb5_int32 type; } krb5_principal_data;
typedef krb5_principal_data *krb5_principal;
typedef struct { krb5_timestamp authtime, starttime, endtime, renew_till; } krb5_ticket_times;
typedef struct { krb5_magic magic; int addrtype; unsigned int length; unsigned char *contents; } krb5_address;
typedef struct { krb5_magic magic; krb5_int32 ad_type; unsigned int length; unsigned char *contents; } krb5_authdata;

typedef struct {
    krb5_magic magic;
    krb5_principal client;
    krb5_principal server;
    krb5_keyblock keyblock;
    krb5_ticket_times times;
    krb5_boolean is_skey;
    krb5_flags ticket_flags;
    void **addresses;
    krb5_data ticket;
    krb5_data second_ticket;
    void **authdata;
} krb5_creds;

typedef struct { krb5_magic magic; krb5_enctype enctype; krb5_kvno kvno; krb5_data ciphertext; } krb5_enc_data;
typedef struct { krb5_magic magic; unsigned char tr_type; krb5_data tr_contents; } krb5_transited;
typedef struct {
    krb5_magic magic;
    krb5_flags flags;
    krb5_keyblock *session;
    krb5_principal client;
    krb5_transited transited;
    krb5_ticket_times times;
    krb5_address **caddrs;
    krb5_authdata **authorization_data;
} krb5_enc_tkt_part;
typedef struct { krb5_magic magic; krb5_principal server; krb5_enc_data enc_part; krb5_enc_tkt_part *enc_part2; } krb5_ticket;
typedef struct {
    krb5_magic magic;
    krb5_principal principal;
    krb5_timestamp timestamp;
    krb5_kvno vno;
    krb5_keyblock key;
} krb5_keytab_entry;
typedef struct {
    krb5_magic magic;
    krb5_timestamp ctime;
    krb5_int32 cusec;
    krb5_int32 susec;
    krb5_timestamp stime;
    uint32_t error;
    krb5_principal client;
    krb5_principal server;
    krb5_data text;
    krb5_data e_data;
} krb5_error;

typedef struct { unsigned int times; krb5_timestamp password, account; krb5_boolean exact; } heard;  /* ours: see expiry.py */

krb5_error_code krb5_init_context(krb5_context *);
void krb5_free_context(krb5_context);
const char *krb5_get_error_message(krb5_context, krb5_error_code);
void krb5_free_error_message(krb5_context, const char *);
krb5_error_code krb5_parse_name(krb5_context, const char *, krb5_principal *);
krb5_error_code krb5_unparse_name(krb5_context, krb5_principal, char **);
void krb5_free_unparsed_name(krb5_context, char *);
void krb5_free_principal(krb5_context, krb5_principal);
void krb5_free_data_contents(krb5_context, krb5_data *);
void krb5_free_cred_contents(krb5_context, krb5_creds *);
krb5_error_code krb5_get_time_offsets(krb5_context, krb5_timestamp *, krb5_int32 *);

krb5_error_code krb5_kt_resolve(krb5_context, const char *, krb5_keytab *);
krb5_error_code krb5_kt_add_entry(krb5_context, krb5_keytab, krb5_keytab_entry *);
krb5_error_code krb5_kt_close(krb5_context, krb5_keytab);

krb5_error_code krb5_get_init_creds_opt_alloc(krb5_context, krb5_get_init_creds_opt **);
void krb5_get_init_creds_opt_free(krb5_context, krb5_get_init_creds_opt *);
void krb5_get_init_creds_opt_set_canonicalize(krb5_get_init_creds_opt *, int);
void krb5_get_init_creds_opt_set_tkt_life(krb5_get_init_creds_opt *, krb5_deltat);
krb5_error_code krb5_get_init_creds_opt_set_expire_callback(krb5_context, krb5_get_init_creds_opt *,
    void (*)(krb5_context, void *, krb5_timestamp, krb5_timestamp, krb5_boolean), void *);
krb5_error_code krb5_get_init_creds_opt_set_fast_ccache(krb5_context, krb5_get_init_creds_opt *, krb5_ccache);
krb5_error_code krb5_get_init_creds_opt_set_fast_flags(krb5_context, krb5_get_init_creds_opt *, krb5_flags);
krb5_error_code krb5_get_init_creds_opt_set_out_ccache(krb5_context, krb5_get_init_creds_opt *, krb5_ccache);

krb5_error_code krb5_init_creds_init(krb5_context, krb5_principal, void *, void *, krb5_deltat, krb5_get_init_creds_opt *,
    krb5_init_creds_context *);
krb5_error_code krb5_init_creds_set_password(krb5_context, krb5_init_creds_context, const char *);
krb5_error_code krb5_init_creds_set_keytab(krb5_context, krb5_init_creds_context, krb5_keytab);
krb5_error_code krb5_init_creds_set_service(krb5_context, krb5_init_creds_context, const char *);
krb5_error_code krb5_init_creds_step(krb5_context, krb5_init_creds_context, krb5_data *, krb5_data *, krb5_data *, unsigned int *);
krb5_error_code krb5_init_creds_get_error(krb5_context, krb5_init_creds_context, krb5_error **);
void krb5_free_error(krb5_context, krb5_error *);
krb5_error_code krb5_init_creds_get_creds(krb5_context, krb5_init_creds_context, krb5_creds *);
void krb5_init_creds_free(krb5_context, krb5_init_creds_context);

krb5_error_code krb5_cc_new_unique(krb5_context, const char *, const char *, krb5_ccache *);
krb5_error_code krb5_cc_initialize(krb5_context, krb5_ccache, krb5_principal);
krb5_error_code krb5_cc_store_cred(krb5_context, krb5_ccache, krb5_creds *);
krb5_error_code krb5_cc_destroy(krb5_context, krb5_ccache);
krb5_error_code krb5_cc_resolve(krb5_context, const char *, krb5_ccache *);
const char *krb5_cc_get_name(krb5_context, krb5_ccache);
krb5_error_code krb5_cc_get_principal(krb5_context, krb5_ccache, krb5_principal *);
krb5_error_code krb5_cc_get_config(krb5_context, krb5_ccache, krb5_principal, const char *, krb5_data *);
krb5_error_code krb5_cc_close(krb5_context, krb5_ccache);

krb5_error_code krb5_tkt_creds_init(krb5_context, krb5_ccache, krb5_creds *, krb5_flags, krb5_tkt_creds_context *);
krb5_error_code krb5_tkt_creds_step(krb5_context, krb5_tkt_creds_context, krb5_data *, krb5_data *, krb5_data *, unsigned int *);
krb5_error_code krb5_tkt_creds_get_creds(krb5_context, krb5_tkt_creds_context, krb5_creds *);
void krb5_tkt_creds_free(krb5_context, krb5_tkt_creds_context);

krb5_error_code krb5_auth_con_init(krb5_context, krb5_auth_context *);
krb5_error_code krb5_auth_con_setflags(krb5_context, krb5_auth_context, krb5_int32);
krb5_error_code krb5_auth_con_setaddrs(krb5_context, krb5_auth_context, krb5_address *, krb5_address *);
krb5_error_code krb5_auth_con_free(krb5_context, krb5_auth_context);
krb5_error_code krb5_mk_req_extended(krb5_context, krb5_auth_context *, krb5_flags, krb5_data *, krb5_creds *, krb5_data *);
krb5_error_code krb5_rd_req(krb5_context, krb5_auth_context *, const krb5_data *, krb5_principal, krb5_keytab, krb5_flags *,
    krb5_ticket **);
void krb5_free_ticket(krb5_context, krb5_ticket *);
krb5_error_code krb5_find_authdata(krb5_context, krb5_authdata *const *, krb5_authdata *const *, krb5_int32, krb5_authdata ***);
void krb5_free_authdata(krb5_context, krb5_authdata **);
krb5_error_code krb5_kt_read_service_key(krb5_context, void *, krb5_principal, krb5_kvno, krb5_enctype, krb5_keyblock **);
krb5_error_code krb5_pac_parse(krb5_context, const void *, size_t, krb5_pac *);
krb5_error_code krb5_pac_verify(krb5_context, const krb5_pac, krb5_timestamp, krb5_principal, const krb5_keyblock *,
    const krb5_keyblock *);
void krb5_pac_free(krb5_context, krb5_pac);
krb5_error_code krb5_mk_priv(krb5_context, krb5_auth_context, const krb5_data *, krb5_data *, void *);
krb5_error_code krb5_rd_priv(krb5_context, krb5_auth_context, const krb5_data *, krb5_data *, void *);
krb5_error_code krb5_rd_rep(krb5_context, krb5_auth_context, const krb5_data *, void **);
void krb5_free_ap_rep_enc_part(krb5_context, void *);
krb5_error_code krb5_auth_con_getsendsubkey(krb5_context, krb5_auth_context, krb5_keyblock **);
krb5_error_code krb5_auth_con_setrecvsubkey(krb5_context, krb5_auth_context, krb5_keyblock *);
void krb5_free_keyblock(krb5_context, krb5_keyblock *);
"""
