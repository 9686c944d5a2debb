alter table "User" add constraint "User_email_unique" unique ("email");
